import type { Transaction } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { type Decision, decide } from '../domain/orchestration/decide.ts'
import { minimalTaskPolicy } from '../domain/orchestration/policies.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import type { RollupDeltas } from './rollup.ts'
import { countedAfter, countedBefore, stateColumns, stateRow, taskRunView } from './stored.ts'
import { lockTaskRuns, noFacts, taskRunChange } from './task-run-transitions.ts'
import { insertTaskRunStates, type StateRow, type TaskRunUpdate, updateTaskRuns } from './write-set.ts'

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
  const updates: TaskRunUpdate[] = []
  const states: StateRow[] = []
  for (const mirror of last.values()) {
    const run = runs.get(`${mirror.workspaceId} ${mirror.taskRunId}`)
    if (!run) continue
    const details = {
      ...mirror.state.details,
      child_flow_run_id: mirror.childFlowRunId,
      flow_run_id: run.flowRunId,
    }
    const { write, patch } = decide(
      minimalTaskPolicy,
      taskRunView(run),
      { ...mirror.state, details },
      noFacts(mirror.state.atMicros, deps.dice()),
    )
    if (!write) continue
    const stateId = uuidv7()
    updates.push({
      workspace_id: run.workspaceId,
      id: run.id,
      ...stateColumns(stateId, write, patch),
      flow_run_run_count: patch.flowRunRunCount,
    })
    states.push(stateRow(run.workspaceId, run.id, stateId, write))
    const key = { kind: 'task-run', workspaceId: run.workspaceId, flowId: null, deploymentId: null } as const
    deltas.move(countedBefore(key, run), countedAfter(key, write, patch))
    published.push([run.workspaceId, taskRunChange(run, stateId, write, patch)])
  }
  if (updates.length === 0) return []
  return [updateTaskRuns(sql, updates), insertTaskRunStates(sql, states)]
}
