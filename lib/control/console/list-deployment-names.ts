import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

export interface DeploymentName {
  readonly id: string
  readonly name: string
  readonly flowName: string
}

/** For filter menus: at most `limit`, by flow and name. */
export async function listDeploymentNames(ctx: Context, limit = 500): Promise<readonly DeploymentName[]> {
  requireScope(ctx, 'see_deployments')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<DeploymentName[]>`
      select d.id, d.name, f.name as "flowName" from deployments d
      join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      where d.workspace_id = ${ctx.workspaceId} order by f.name, d.name limit ${limit}`,
  )
}
