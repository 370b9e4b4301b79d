'use client'
import { useFold } from '#app/_live/live.tsx'
import { Fact, Facts } from '#app/_ui/card.tsx'
import { percentWords } from '#app/_ui/percent.ts'
import { RunState } from '#app/_ui/run-state.tsx'
import { medianDuration, Sparkbars } from '#app/_ui/sparkbars.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { FlowRow } from '#lib/control/console/list-flows.ts'
import { isFinal } from '#lib/domain/state.ts'
import { foldLastRuns } from '../../_list/fold-last-runs.ts'

export function FlowFacts({ flow: initial }: { readonly flow: readonly [FlowRow] }) {
  const [flows] = useFold<readonly FlowRow[]>(initial, foldLastRuns)
  const flow = flows[0] ?? initial[0]
  const last = flow.lastRuns.at(-1)
  const ended = flow.lastRuns.filter((run) => isFinal(run.stateType))
  const good = ended.filter((run) => run.stateType === 'COMPLETED').length
  return (
    <Facts className="mb-4">
      <Fact name="Last run">{last ? <RunState run={last} /> : 'None'}</Fact>
      {flow.lastRuns.length > 0 ? (
        <Fact name="Last 20 runs">
          <Sparkbars rows={flow.lastRuns} />
        </Fact>
      ) : null}
      {ended.length > 0 ? <Fact name="Succeeded">{percentWords(good / ended.length)}</Fact> : null}
      <Fact name="Usual duration">{medianDuration(flow.lastRuns) ?? '–'}</Fact>
      <Fact name="First seen">
        <Time at={flow.createdAt} />
      </Fact>
      {flow.tags.length > 0 ? (
        <Fact name="Tags">
          <Tags tags={flow.tags} most={6} wrap />
        </Fact>
      ) : null}
    </Facts>
  )
}
