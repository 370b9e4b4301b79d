import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

export interface FlowName {
  readonly id: string
  readonly name: string
}

/** For filter menus: at most `limit`, by name. */
export async function listFlowNames(ctx: Context, limit = 500): Promise<readonly FlowName[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FlowName[]>`
      select f.id, f.name from flows f where f.workspace_id = ${ctx.workspaceId} order by f.name limit ${limit}`,
  )
}
