import { foldFlowRun, isNewer, latestFlowRuns } from '#app/_live/fold.ts'
import { compareInstants } from '#app/_live/instants.ts'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import type { Change, FlowRunChange } from '#lib/domain/change.ts'
import { matchesRun } from './query.ts'

/** The list as shown, and the runs that came since and wait above it. */
export interface ListState {
  readonly rows: readonly FlowRunRow[]
  readonly waiting: ReadonlyMap<string, FlowRunChange>
  readonly gone: ReadonlySet<string>
}

export const startList = (rows: readonly FlowRunRow[]): ListState => ({
  rows,
  waiting: new Map(),
  gone: new Set(),
})

/**
 * A shown row changes in place and stays where it is, even if the filter would no longer choose it: the eye is on it.
 * A new run waits; the page decides when it may come in.
 */
export function foldList(
  state: ListState,
  changes: readonly Change[],
  filter: RunFilter,
  acceptsNew: boolean,
): ListState {
  const latest = latestFlowRuns(changes)
  if (latest.size === 0) return state
  let { rows } = state
  const waiting = new Map(state.waiting)
  const gone = new Set(state.gone)
  for (const [id, change] of latest) {
    if (change === null) {
      gone.add(id)
      waiting.delete(id)
      rows = rows.filter((row) => row.id !== id)
      continue
    }
    const shown = rows.find((row) => row.id === id)
    if (shown) {
      const folded = foldFlowRun(shown, change)
      if (folded !== shown) rows = rows.map((row) => (row.id === id ? folded : row))
      continue
    }
    const held = waiting.get(id)
    if (gone.has(id) || !acceptsNew || (held && !isNewer(change, held))) continue
    if (held || (matchesRun(filter, change) && isAbove(change, rows.at(-1)))) waiting.set(id, change)
  }
  return { rows, waiting, gone }
}

/** A run older than the page's last row belongs to a later page. */
const isAbove = (change: FlowRunChange, last: FlowRunRow | undefined): boolean =>
  last?.expectedStartAt == null ||
  change.expectedStartAt === null ||
  compareInstants(change.expectedStartAt, last.expectedStartAt) >= 0

/** Lets the waiting runs in at their place; the page keeps its size. */
export function letIn(
  state: ListState,
  flowNames: ReadonlyMap<string, string>,
  pageSize: number,
  deploymentNames: ReadonlyMap<string, string> = new Map(),
): ListState {
  if (state.waiting.size === 0) return state
  const arrived = [...state.waiting.values()].map(
    ({ kind: _, ...run }): FlowRunRow => ({
      ...run,
      flowName: flowNames.get(run.flowId) ?? '',
      deploymentName: run.deploymentId === null ? null : (deploymentNames.get(run.deploymentId) ?? null),
    }),
  )
  const rows = [...arrived, ...state.rows].sort(
    (a, b) => compareInstants(b.expectedStartAt ?? '', a.expectedStartAt ?? '') || (a.id < b.id ? 1 : -1),
  )
  return { ...state, rows: rows.slice(0, Math.max(pageSize, state.rows.length)), waiting: new Map() }
}
