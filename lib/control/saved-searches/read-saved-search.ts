import { type SavedSearchRow, savedSearchColumns } from '../../db/rows/saved-search.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** Throws NotFound. */
export async function readSavedSearch(ctx: Context, id: string): Promise<SavedSearchRow> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<SavedSearchRow[]>`
      select ${savedSearchColumns(sql)} from saved_searches s where s.workspace_id = ${ctx.workspaceId} and s.id = ${id}`,
  )
  if (!row) throw new NotFound('Saved search')
  return row
}
