import Link from 'next/link'
import { KeepRow } from '#app/_ui/keep-row.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { Sparkbars } from '#app/_ui/sparkbars.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Ago } from '#app/_ui/time.tsx'
import type { DeploymentListRow } from '#lib/control/console/list-deployments.ts'
import { type DeploymentLocks, DeploymentMenu } from './deployment-menu.tsx'
import { schedulesInWords, withCity } from './schedule-words.ts'
import { DeploymentStatusLabel } from './status.tsx'

const columns = [
  { head: 'Deployment' },
  { head: 'Status', width: 116 },
  { head: 'Schedule', width: 250, from: 'lg' },
  { head: 'Work pool / queue', width: 156, from: 'xl' },
  { head: 'Last 20 runs', width: 164, from: 'lg' },
  { head: 'Last run', width: 148, from: 'xl' },
  { head: 'Actions', unseen: true, width: 44, from: 'sm' },
] as const

interface DeploymentTableProps {
  readonly base: string
  readonly rows: readonly DeploymentListRow[]
  readonly locks: DeploymentLocks
}

/** Deployments with what stands in their way, when they run next, and how their last runs went. */
export function DeploymentTable({ base, rows, locks }: DeploymentTableProps) {
  const nowMs = Date.now()
  return (
    <KeepRow ids={rows.map((row) => row.id)}>
      <Table caption="Deployments" columns={columns}>
        {rows.map((row) => {
          const last = row.lastRuns.at(-1)
          return (
            <tr key={row.id}>
              <td className="max-sm:order-1">
                <Link href={`${base}/deployments/deployment/${row.id}`} className="row-link title-link flex">
                  <RunName flow={row.flowName} run={row.name} />
                </Link>
              </td>
              <td className="end max-sm:order-2">
                <DeploymentStatusLabel {...row} />
              </td>
              <td className="whole text-ink-2 max-lg:hidden max-sm:order-3 max-sm:block!">
                <Schedule row={row} nowMs={nowMs} />
              </td>
              <td
                className="hide text-ink-2 max-xl:hidden"
                title={row.poolName ? `${row.poolName} / ${row.queueName}` : undefined}
              >
                {row.poolName ? (
                  `${row.poolName} / ${row.queueName}`
                ) : (
                  <span className="text-ink-3">Served</span>
                )}
              </td>
              <td className="hide overflow-visible! max-lg:hidden">
                {row.lastRuns.length > 0 ? (
                  <span className="above-link">
                    <Sparkbars rows={row.lastRuns} />
                  </span>
                ) : (
                  <span className="text-ink-3">–</span>
                )}
              </td>
              <td className="hide max-xl:hidden">
                {last ? <RunState run={last} /> : <span className="text-ink-3">None</span>}
              </td>
              <td className="hide p-0!">
                <span className="above-link">
                  <DeploymentMenu
                    base={base}
                    deployment={{
                      id: row.id,
                      name: row.name,
                      paused: row.paused,
                      disabled: row.disabled,
                      schedules: row.scheduleCount,
                    }}
                    locks={locks}
                    inRow
                  />
                </span>
              </td>
            </tr>
          )
        })}
      </Table>
    </KeepRow>
  )
}

/** The words give way; when it runs next stays. */
function Schedule({ row, nowMs }: { readonly row: DeploymentListRow; readonly nowMs: number }) {
  const words = schedulesInWords(row.schedules, nowMs)
  if (words === '')
    return <span className="text-ink-3">{row.scheduleCount > 0 ? 'No active schedule' : 'No schedule'}</span>
  // Days ahead the words say it themselves.
  const soon = !row.paused && row.nextRunAt !== null && Date.parse(row.nextRunAt) - nowMs < 86_400_000
  return (
    <span className="flex min-w-0 items-baseline gap-1" title={words}>
      <span className="truncate">{withCity(words)}</span>
      {soon && row.nextRunAt ? (
        <span className="flex-none text-ink-3 text-xs">
          <Ago at={row.nextRunAt} />
        </span>
      ) : null}
    </span>
  )
}
