import { Gauge } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { Allowed } from '#app/_ui/allowed.tsx'
import { Command } from '#app/_ui/command.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { ShownLabel } from '#app/_ui/state.tsx'
import { Table } from '#app/_ui/table.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { type LimitListRow, listLimits } from '#lib/control/console/list-limits.ts'
import { kindOf, limitStanding } from '../_limit/limit-words.ts'
import { NewLimit } from '../_limit/new-limit.tsx'

export const metadata: Metadata = { title: 'Concurrency' }

const about = {
  title: 'Concurrency',
  section: 'concurrency-limits',
  nouns: ['limit', 'limits'],
  needs: 'see_concurrency_limits',
} as const

export default function ConcurrencyPage(props: ListProps) {
  return listPage(props, about, async ({ entered, path, name, bounds }) => {
    const { ctx, base, cursor } = entered
    const { rows, count } = await listLimits(ctx, { name, ...bounds })
    return {
      live: <RefreshOn nouns={['concurrency-limit']} runs="refresh" cursor={cursor} />,
      tools: (
        <Allowed entered={entered} needs="manage_concurrency_limits" verb="New limit" size="sm">
          <NewLimit base={base} />
        </Allowed>
      ),
      searchLabel: 'Limit name',
      filters: { name },
      count,
      order: 'By kind and name.',
      nothingYet: {
        icon: <Gauge size={16} />,
        says: 'A limit says how many at once: of a tag, of a deployment, or of anything that your code asks a slot for.',
        actions: (
          <div className="grid w-full max-w-100 grid-cols-1 gap-2 text-left">
            <Command command="rigel limit create warehouse 10" />
            <Command command="prefect gcl create warehouse --limit 10" />
          </div>
        ),
      },
      table: rows.length === 0 ? null : <LimitTable path={path} rows={rows} />,
    }
  })
}

function LimitTable({ path, rows }: { readonly path: string; readonly rows: readonly LimitListRow[] }) {
  return (
    <Table
      caption="Concurrency limits"
      columns={[
        { head: 'Limit' },
        { head: 'Of', width: 140 },
        { head: 'Standing', width: 130, from: 'lg' },
        { head: 'Slots', width: 240 },
        { head: 'Holders', width: 110, from: 'xl', num: true },
      ]}
    >
      {rows.map((row) => (
        <tr key={row.id}>
          <td>
            <Link
              href={`${path}/concurrency-limit/${row.id}`}
              className="row-link title-link block truncate font-medium"
              title={row.label}
            >
              {row.label}
            </Link>
          </td>
          <td className="end text-ink-2">{kindOf(row)}</td>
          <td className="hide max-lg:hidden">
            <ShownLabel shown={limitStanding(row)} />
          </td>
          <td className="whole">
            <Meter value={row.activeSlots} of={row.slotLimit} label={`Slots of ${row.label}`} />
          </td>
          <td className="hide num max-xl:hidden">{formatCount(row.holders)}</td>
        </tr>
      ))}
    </Table>
  )
}
