'use client'
import Link from 'next/link'
import { useFold } from '#app/_live/live.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { medianDuration, Sparkbars } from '#app/_ui/sparkbars.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import type { FlowRow } from '#lib/control/console/list-flows.ts'
import { foldLastRuns } from './fold-last-runs.ts'

export function FlowsTable({ base, rows }: { readonly base: string; readonly rows: readonly FlowRow[] }) {
  const [flows] = useFold(rows, foldLastRuns)
  return (
    <Table
      caption="Flows"
      columns={[
        { head: 'Flow' },
        { head: 'Last 20 runs', width: 176 },
        { head: 'Usual duration', width: 112, from: 'lg', num: true },
        { head: 'Last run', width: 150, from: 'lg' },
        { head: 'When', width: 124 },
        { head: 'Tags', width: 180, from: 'xl' },
      ]}
    >
      {flows.map((flow) => {
        const last = flow.lastRuns.at(-1)
        return (
          <tr key={flow.id}>
            <td>
              <Link
                href={`${base}/flows/flow/${flow.id}`}
                className="row-link title-link block truncate font-medium"
                title={flow.name}
              >
                {flow.name}
              </Link>
            </td>
            <td className="whole overflow-visible! max-sm:order-3">
              <span className="above-link">
                {flow.lastRuns.length > 0 ? (
                  <Sparkbars rows={flow.lastRuns} />
                ) : (
                  <span className="text-ink-3">None</span>
                )}
              </span>
            </td>
            <td className="hide num text-ink-2 max-lg:hidden">{medianDuration(flow.lastRuns) ?? '–'}</td>
            <td className="hide max-lg:hidden">
              {last ? <RunState run={last} /> : <span className="text-ink-3">None</span>}
            </td>
            <td className="end text-ink-2">
              {last ? (
                <Ago at={last.startAt ?? last.expectedStartAt ?? last.stateAt} />
              ) : (
                <span className="text-ink-3">Never run</span>
              )}
            </td>
            <td className="hide max-xl:hidden">
              {flow.tags.length > 0 ? <Tags tags={flow.tags} /> : <span className="text-ink-3">–</span>}
            </td>
          </tr>
        )
      })}
    </Table>
  )
}
