import type { Change, FlowRunChange, LogChange, TaskRunChange } from '#lib/domain/change.ts'
import { isFinal, type StateType } from '#lib/domain/state.ts'
import { compareInstants } from './instants.ts'

/**
 * Folds changes into what a page shows. Changes may come twice and in any order: of two facts about one thing the
 * later state wins, and ties are broken the same way whichever came first, so every order ends in the same page.
 */
interface Stated {
  readonly id: string
  readonly stateAt: string
  readonly stateType: StateType
  readonly stateName: string
  readonly runCount: number
}

/** Whether `next` says more than `held`. A total order over what differs, so that folding commutes. */
export function isNewer(next: Stated, held: Stated): boolean {
  const byTime = compareInstants(next.stateAt, held.stateAt)
  if (byTime !== 0) return byTime > 0
  if (next.runCount !== held.runCount) return next.runCount > held.runCount
  const finalNext = isFinal(next.stateType)
  if (finalNext !== isFinal(held.stateType)) return finalNext
  const [a, b] = [print(next), print(held)]
  return a > b
}

// Only what a change says: a row knows more of its run, and must not win or lose by that.
const said = [
  'stateType',
  'stateName',
  'stateMessage',
  'name',
  'expectedStartAt',
  'startAt',
  'endAt',
  'totalRunTimeSeconds',
  'tags',
] as const

const print = (stated: Stated): string =>
  JSON.stringify(said.map((field) => Reflect.get(stated, field) ?? null))

const withoutKind = <C extends { readonly kind: string }>({ kind: _, ...rest }: C): Omit<C, 'kind'> => rest

/** The newest word on every flow run that these changes name, or null where it was deleted. */
export function latestFlowRuns(changes: readonly Change[]): Map<string, FlowRunChange | null> {
  const latest = new Map<string, FlowRunChange | null>()
  for (const change of changes) {
    if (change.kind === 'deleted') {
      if (change.noun === 'flow-run') latest.set(change.id, null)
    } else if (change.kind === 'flow-run') {
      const held = latest.get(change.id)
      // What is deleted stays so: its last changes may come after the word of its end.
      if (held === null) continue
      if (held === undefined || isNewer(change, held)) latest.set(change.id, change)
    }
  }
  return latest
}

/** Puts a change into a row when it is newer; the same object otherwise, so that nothing renders. */
export function foldFlowRun<Row extends Omit<FlowRunChange, 'kind'>>(row: Row, change: FlowRunChange): Row {
  return change.id === row.id && isNewer(change, row) ? { ...row, ...withoutKind(change) } : row
}

type BareTaskRun = Omit<TaskRunChange, 'kind'>

/** Task runs by id, in the order in which they came to be known. */
export type TaskRuns<Row extends BareTaskRun = BareTaskRun> = ReadonlyMap<string, Row>

export function foldTaskRuns<Row extends BareTaskRun>(
  rows: TaskRuns<Row>,
  changes: readonly Change[],
  belongs: (change: TaskRunChange) => boolean,
  make: (change: BareTaskRun, held: Row | undefined) => Row,
): TaskRuns<Row> {
  let next: Map<string, Row> | undefined
  for (const change of changes) {
    if (change.kind !== 'task-run' || !belongs(change)) continue
    const held = (next ?? rows).get(change.id)
    if (held !== undefined && !isNewer(change, held)) continue
    next ??= new Map(rows)
    next.set(change.id, make(withoutKind(change), held))
  }
  return next ?? rows
}

export interface SeenState {
  readonly at: string
  readonly type: StateType
  readonly name: string
}

/** The states that a run was seen in, in their order and each once. */
export function foldStates(seen: readonly SeenState[], next: SeenState): readonly SeenState[] {
  if (seen.some((state) => state.at === next.at && state.type === next.type && state.name === next.name))
    return seen
  return [...seen, next].sort(
    (a, b) =>
      compareInstants(a.at, b.at) ||
      (a.type < b.type ? -1 : a.type > b.type ? 1 : 0) ||
      (a.name < b.name ? -1 : 1),
  )
}

/** New lines after those already held, in the order of time, each once. */
export function newLogLines(
  known: ReadonlySet<string>,
  changes: readonly Change[],
  belongs: (change: LogChange) => boolean,
): readonly LogChange[] {
  const found = new Map<string, LogChange>()
  for (const change of changes) {
    if (change.kind === 'log' && !known.has(change.id) && belongs(change)) found.set(change.id, change)
  }
  return [...found.values()].sort((a, b) => compareInstants(a.at, b.at) || (a.id < b.id ? -1 : 1))
}
