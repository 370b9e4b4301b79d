import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

export interface PoolDeployment {
  readonly id: string
  readonly name: string
  readonly flowName: string
  readonly queueName: string
  readonly lastPolledAt: string | null
}

const mostDeployments = 200

/** Deployments whose runs wait in these queues, by flow and name. */
export async function listDeploymentsOfPool(
  ctx: Context,
  queueIds: readonly string[],
): Promise<readonly PoolDeployment[]> {
  requireScope(ctx, 'see_deployments')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<PoolDeployment[]>`
      select d.id, d.name, f.name as flow_name, q.name as queue_name, d.last_polled_at
      from deployments d
      join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
      where d.workspace_id = ${ctx.workspaceId} and d.work_queue_id = any(${[...queueIds]}::uuid[])
      order by f.name, d.name limit ${mostDeployments}`,
  )
}
