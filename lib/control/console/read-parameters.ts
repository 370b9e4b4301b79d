import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** Raw JSON text of a run's parameters, so that numbers of any size show as they were sent. */
export async function readParameters(ctx: Context, flowRunId: string): Promise<string> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ parameters: string }[]>`
      select parameters from flow_runs where workspace_id = ${ctx.workspaceId} and id = ${flowRunId}`,
  )
  if (!row) throw new NotFound('Flow run')
  return row.parameters
}
