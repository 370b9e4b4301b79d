import { type SavedSearchRow, savedSearchColumns } from '../../db/rows/saved-search.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** By name. */
export async function listSavedSearches(
  ctx: Context,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<readonly SavedSearchRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<SavedSearchRow[]>`
      select ${savedSearchColumns(sql)} from saved_searches s where s.workspace_id = ${ctx.workspaceId}
      order by s.name limit ${limit} offset ${offset}`,
  )
}
