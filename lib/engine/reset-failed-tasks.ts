import type { Transaction } from '../db/clients.ts'
import type { Change } from '../domain/change.ts'
import { formatInstant } from '../domain/time.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { forceTaskRuns } from './force-task-runs.ts'
import type { RollupDeltas } from './rollup.ts'
import { lockTaskRuns } from './task-run-transitions.ts'

/** A flow run that will be tried again, by a client that leaves its failed task runs to the server. */
export interface Reset {
  readonly workspaceId: string
  readonly flowRunId: string
  readonly scheduledMicros: number
  readonly atMicros: number
}

/** Failed task runs wait for the flow run's next attempt, and count theirs from the start. Answers the statements that write it. */
export async function resetFailedTasks(
  deps: TransitionDeps,
  sql: Transaction,
  resets: readonly Reset[],
  deltas: RollupDeltas,
  published: [string, Change][],
): Promise<PromiseLike<unknown>[]> {
  const failed = await sql<{ workspaceId: string; runId: string }[]>`
    select t.workspace_id, t.id as run_id
    from unnest(${resets.map((reset) => reset.workspaceId)}::uuid[], ${resets.map((reset) => reset.flowRunId)}::uuid[]) k (workspace_id, flow_run_id)
    join task_runs t on t.workspace_id = k.workspace_id and t.flow_run_id = k.flow_run_id and t.state_type = 'FAILED'`
  if (failed.length === 0) return []
  const resetOf = new Map(resets.map((reset) => [`${reset.workspaceId} ${reset.flowRunId}`, reset]))
  const runs = await lockTaskRuns(sql, failed)
  const moves = [...runs.values()].flatMap((run) => {
    const reset = resetOf.get(`${run.workspaceId} ${run.flowRunId}`)
    if (!reset || run.stateType !== 'FAILED') return []
    const details = { scheduled_time: formatInstant(reset.scheduledMicros) }
    const state = { type: 'SCHEDULED', name: 'AwaitingRetry', message: '', details, data: null } as const
    return [{ run, state, atMicros: reset.atMicros, books: { runCount: 0 } }]
  })
  return forceTaskRuns(deps, sql, moves, deltas, published)
}
