import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** Whether anything ever ran here; a workspace without runs opens at Get started. */
export async function hasFlowRuns(ctx: Context): Promise<boolean> {
  requireScope(ctx, 'see_flows')
  const found = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`select 1 from flow_runs r where r.workspace_id = ${ctx.workspaceId} limit 1`,
  )
  return found.length > 0
}
