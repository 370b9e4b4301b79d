import { foldFlowRun, latestFlowRuns } from '#app/_live/fold.ts'
import { compareInstants } from '#app/_live/instants.ts'
import type { FlowRow } from '#lib/control/console/list-flows.ts'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import type { Change } from '#lib/domain/change.ts'

export const lastRuns = 20

/** Folds run changes into the last runs of each flow shown. */
export function foldLastRuns(flows: readonly FlowRow[], changes: readonly Change[]): readonly FlowRow[] {
  const latest = latestFlowRuns(changes)
  if (latest.size === 0) return flows
  let touched = false
  const next = flows.map((flow) => {
    let runs = flow.lastRuns
    for (const [id, change] of latest) {
      const held = runs.find((run) => run.id === id)
      if (change === null) {
        if (held) runs = runs.filter((run) => run.id !== id)
      } else if (held) {
        const folded = foldFlowRun(held, change)
        if (folded !== held) runs = runs.map((run) => (run.id === id ? folded : run))
      } else if (change.flowId === flow.id && change.expectedStartAt !== null) {
        const { kind: _, ...run } = change
        runs = inOrder([...runs, { ...run, flowName: flow.name, deploymentName: null }])
      }
    }
    if (runs === flow.lastRuns) return flow
    touched = true
    return { ...flow, lastRuns: runs }
  })
  return touched ? next : flows
}

const inOrder = (runs: readonly FlowRunRow[]): readonly FlowRunRow[] =>
  [...runs]
    .sort(
      (a, b) => compareInstants(a.expectedStartAt ?? '', b.expectedStartAt ?? '') || (a.id < b.id ? -1 : 1),
    )
    .slice(-lastRuns)
