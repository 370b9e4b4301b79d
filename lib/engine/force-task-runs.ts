import type { Transaction } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { decide, type ProposedState, type TaskRunView } from '../domain/orchestration/decide.ts'
import { minimalTaskPolicy } from '../domain/orchestration/policies.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import type { RollupDeltas } from './rollup.ts'
import {
  countedAfter,
  countedBefore,
  type StoredTaskRun,
  stateColumns,
  stateRow,
  taskRunView,
} from './stored.ts'
import { noFacts, taskRunChange } from './task-run-transitions.ts'
import { insertTaskRunStates, type StateRow, type TaskRunUpdate, updateTaskRuns } from './write-set.ts'

/** A task run that is locked, and what it becomes. */
export interface ForcedMove {
  readonly run: StoredTaskRun
  readonly state: ProposedState
  readonly atMicros: number
  /** What the books begin with instead of the run's own. */
  readonly books?: Pick<TaskRunView, 'runCount'>
}

/** Task runs that follow from a flow run's transition, in its transaction. Answers the statements that write them. */
export function forceTaskRuns(
  deps: Pick<TransitionDeps, 'dice'>,
  sql: Transaction,
  moves: readonly ForcedMove[],
  deltas: RollupDeltas,
  published: [string, Change][],
): PromiseLike<unknown>[] {
  const updates: TaskRunUpdate[] = []
  const states: StateRow[] = []
  for (const { run, state, atMicros, books } of moves) {
    const view = { ...taskRunView(run), ...books }
    const { write, patch } = decide(minimalTaskPolicy, view, state, noFacts(atMicros, deps.dice()))
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
  return updates.length === 0 ? [] : [updateTaskRuns(sql, updates), insertTaskRunStates(sql, states)]
}
