import { foldFlowRun, foldStates, foldTaskRuns, latestFlowRuns, type SeenState } from '#app/_live/fold.ts'
import type { FlowRunView } from '#lib/control/console/read-flow-run.ts'
import type { FlowRunRow, StateRow, TaskRunRow } from '#lib/control/console/rows.ts'
import type { Change } from '#lib/domain/change.ts'

/** Everything of a run's page that changes while it is open. */
export interface RunState {
  readonly run: FlowRunView['run']
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly attempts: ReadonlyMap<string, readonly SeenState[]>
  readonly subFlowRuns: readonly FlowRunRow[]
  /** States of the run that came since the page was rendered. */
  readonly newStates: readonly StateRow[]
  readonly deletedBy: string | null
}

export const startRun = (view: FlowRunView): RunState => ({
  run: view.run,
  tasks: new Map(view.taskRuns.map((task) => [task.id, task])),
  attempts: new Map(
    Object.entries(view.attempts).map(([id, states]) => [
      id,
      states.map(({ at, type, name }): SeenState => ({ at, type, name })),
    ]),
  ),
  subFlowRuns: view.subFlowRuns,
  newStates: [],
  deletedBy: null,
})

export function foldRun(state: RunState, changes: readonly Change[]): RunState {
  const flowRuns = latestFlowRuns(changes)
  const own = flowRuns.get(state.run.id)
  const run = own ? foldFlowRun(state.run, own) : state.run
  const tasks = foldTaskRuns(
    state.tasks,
    changes,
    (change) => change.flowRunId === state.run.id,
    // A change names no sub-flow; it is known from the run that has this task run as its parent.
    (change, held): TaskRunRow => ({ ...change, childFlowRunId: held?.childFlowRunId ?? null }),
  )
  const attempts = foldAttempts(state, changes)
  const subFlowRuns = foldSubFlows(state, changes)
  const newStates = foldNewStates(state, changes)
  const deletedBy = changes.find((change) => change.kind === 'deleted' && change.id === state.run.id) ?? null
  const same =
    run === state.run &&
    tasks === state.tasks &&
    attempts === state.attempts &&
    subFlowRuns === state.subFlowRuns &&
    newStates === state.newStates &&
    deletedBy === null
  return same
    ? state
    : {
        run,
        tasks,
        attempts,
        subFlowRuns,
        newStates,
        deletedBy: deletedBy?.kind === 'deleted' ? deletedBy.by : state.deletedBy,
      }
}

function foldAttempts(state: RunState, changes: readonly Change[]): RunState['attempts'] {
  let next: Map<string, readonly SeenState[]> | undefined
  for (const change of changes) {
    if (change.kind !== 'task-run' || change.flowRunId !== state.run.id) continue
    const held = (next ?? state.attempts).get(change.id) ?? firstSeen(state.tasks.get(change.id))
    const seen = foldStates(held, { at: change.stateAt, type: change.stateType, name: change.stateName })
    if (seen === held) continue
    next ??= new Map(state.attempts)
    next.set(change.id, seen)
  }
  return next ?? state.attempts
}

/** What the row of a task run that was tried once says of its states. */
function firstSeen(task: TaskRunRow | undefined): readonly SeenState[] {
  if (!task) return []
  const now: SeenState = { at: task.stateAt, type: task.stateType, name: task.stateName }
  return task.startAt !== null && task.stateType !== 'RUNNING'
    ? [{ at: task.startAt, type: 'RUNNING', name: 'Running' }, now]
    : [now]
}

function foldSubFlows(state: RunState, changes: readonly Change[]): readonly FlowRunRow[] {
  let rows = state.subFlowRuns
  for (const change of latestFlowRuns(changes).values()) {
    if (!change || change.parentTaskRunId === null || !state.tasks.has(change.parentTaskRunId)) continue
    const held = rows.find((row) => row.id === change.id)
    if (held) {
      const folded = foldFlowRun(held, change)
      if (folded !== held) rows = rows.map((row) => (row.id === change.id ? folded : row))
    } else {
      const { kind: _, ...run } = change
      rows = [...rows, { ...run, flowName: '', deploymentName: null }]
    }
  }
  return rows
}

function foldNewStates(state: RunState, changes: readonly Change[]): readonly StateRow[] {
  let states = state.newStates
  for (const change of changes) {
    if (change.kind !== 'flow-run' || change.id !== state.run.id) continue
    const known = states.some((each) => each.at === change.stateAt && each.type === change.stateType)
    if (known) continue
    states = [
      ...states,
      {
        id: `${change.stateAt}-${change.stateType}`,
        at: change.stateAt,
        type: change.stateType,
        name: change.stateName,
        message: change.stateMessage,
      },
    ]
  }
  return states
}
