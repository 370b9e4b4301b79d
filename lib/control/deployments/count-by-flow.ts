import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** Deployments of each of these flows; those that have none are left out. */
export async function countDeploymentsByFlow(
  ctx: Context,
  flowIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  requireScope(ctx, 'see_deployments')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ flowId: string; count: number }[]>`
      select d.flow_id, count(*)::int as count from deployments d
      where d.workspace_id = ${ctx.workspaceId} and d.flow_id = any(${[...flowIds]}::uuid[]) group by d.flow_id`,
  )
  return new Map(rows.map((row) => [row.flowId, row.count]))
}
