import Link from 'next/link'
import { Meter } from '#app/_ui/meter.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Tag } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { WorkStatusLabel } from '#app/_ui/work-status.tsx'
import type { WorkPoolListRow } from '#lib/control/console/list-work-pools.ts'
import { AGENT_POOL_TYPE } from '#lib/domain/work/status.ts'

const columns = [
  { head: 'Work pool' },
  { head: 'Status', width: 128 },
  { head: 'Slots', width: 190, from: 'lg' },
  { head: 'Waiting', width: 112 },
  { head: 'Workers', width: 112, from: 'lg' },
  { head: 'Last polled', width: 132, from: 'xl' },
] as const

/** Pools with who takes their runs, and how many wait. */
export function PoolTable({
  path,
  rows,
}: {
  /** Of the list. */
  readonly path: string
  readonly rows: readonly WorkPoolListRow[]
}) {
  return (
    <Table caption="Work pools" columns={columns}>
      {rows.map((row) => (
        <tr key={row.id}>
          <td>
            <span className="flex min-w-0 items-center gap-2">
              <Link
                href={`${path}/work-pool/${encodeURIComponent(row.name)}`}
                className="row-link title-link truncate font-medium"
                title={row.name}
              >
                {row.name}
              </Link>
              <Tag>{row.type}</Tag>
            </span>
          </td>
          <td className="end">
            {row.type === AGENT_POOL_TYPE ? (
              <span className="text-ink-3">For agents</span>
            ) : (
              <WorkStatusLabel noun="work-pool" status={row.status} />
            )}
          </td>
          <td className="hide max-lg:hidden">
            {row.concurrencyLimit === null ? (
              <span className="text-ink-2">
                {formatCount(row.activeSlots)} taken <span className="text-ink-3">of no limit</span>
              </span>
            ) : (
              <Meter value={row.activeSlots} of={row.concurrencyLimit} label={`Slots of ${row.name}`} />
            )}
          </td>
          <td className="text-ink-2">
            {row.waiting === 0 ? (
              <span className="text-ink-3">
                None<span className="sm:hidden"> waiting</span>
              </span>
            ) : (
              <span data-family={row.status === 'READY' ? 'wait' : 'late'} className="text-(--fg)">
                {formatCount(row.waiting)} {row.waiting === 1 ? 'run' : 'runs'}
                <span className="sm:hidden"> waiting</span>
              </span>
            )}
          </td>
          <td className="hide text-ink-2 max-lg:hidden">
            {row.workers === 0 ? (
              <span className="text-ink-3">None</span>
            ) : (
              `${formatCount(row.workersOnline)} of ${formatCount(row.workers)} online`
            )}
          </td>
          <td className="hide text-ink-2 max-xl:hidden">
            {row.lastPolledAt === null ? (
              <span className="text-ink-3">Never</span>
            ) : (
              <Ago at={row.lastPolledAt} />
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}
