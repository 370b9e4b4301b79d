import type { Transaction } from '../db/clients.ts'
import type { Change } from '../domain/change.ts'
import type { Decision } from '../domain/orchestration/decide.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { forceTaskRuns } from './force-task-runs.ts'
import type { RollupDeltas } from './rollup.ts'
import { lockTaskRuns } from './task-run-transitions.ts'

/** A sub-flow's new state, to be copied to the task run that stands for it in its parent flow. */
export interface Mirror {
  readonly workspaceId: string
  readonly taskRunId: string
  readonly childFlowRunId: string
  readonly state: NonNullable<Decision['write']>
}

/** Decides what the parents' task runs become and answers the statements that write it. A parent that is gone is left alone. */
export async function mirrorToParentTasks(
  deps: TransitionDeps,
  sql: Transaction,
  mirrors: readonly Mirror[],
  deltas: RollupDeltas,
  published: [string, Change][],
): Promise<PromiseLike<unknown>[]> {
  const runs = await lockTaskRuns(
    sql,
    mirrors.map((mirror) => ({ workspaceId: mirror.workspaceId, runId: mirror.taskRunId })),
  )
  // Two sub-flows may share one task run only by mistake; then the last one counts.
  const last = new Map(mirrors.map((mirror) => [`${mirror.workspaceId} ${mirror.taskRunId}`, mirror]))
  const moves = [...last].flatMap(([key, { state, childFlowRunId }]) => {
    const run = runs.get(key)
    if (!run) return []
    const details = { ...state.details, child_flow_run_id: childFlowRunId, flow_run_id: run.flowRunId }
    return [{ run, state: { ...state, details }, atMicros: state.atMicros }]
  })
  return forceTaskRuns(deps, sql, moves, deltas, published)
}
