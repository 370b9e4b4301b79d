import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** A run that waits for a slot of its deployment's limit. */
export interface WaitingRun {
  readonly id: string
  readonly name: string
  readonly flowName: string
  /** When it was first told to wait. */
  readonly since: string
  /** When it asks again at the latest: it is told at once when a slot comes free. */
  readonly asksAgainAt: string
}

/** The line at a limit of deployments, the longest waiting first. Whoever asks for other limits waits in its own process. */
export async function listWaitingRuns(
  ctx: Context,
  limitId: string,
  mostRows: number,
): Promise<readonly WaitingRun[]> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  return readWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<WaitingRun[]>`
      select r.id, r.name, f.name as flow_name, r.next_scheduled_start_at as asks_again_at,
        coalesce((
          select min(s.at) from flow_run_states s
          where s.workspace_id = r.workspace_id and s.run_id = r.id and s.name = 'AwaitingConcurrencySlot'
        ), r.state_at) as since
      from deployments d
      join flow_runs r on r.workspace_id = d.workspace_id and r.deployment_id = d.id
      join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where d.workspace_id = ${workspaceId} and d.concurrency_limit_id = ${limitId}
        and r.next_scheduled_start_at is not null and r.state_name = 'AwaitingConcurrencySlot'
      order by since, r.id limit ${mostRows}`,
  )
}
