import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** Throws NotFound. */
export async function deleteSavedSearch(ctx: Context, id: string): Promise<void> {
  requireScope(ctx, 'manage_saved_search')
  const deleted = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`delete from saved_searches where workspace_id = ${ctx.workspaceId} and id = ${id}`,
  )
  if (deleted.count === 0) throw new NotFound('Saved search')
}
