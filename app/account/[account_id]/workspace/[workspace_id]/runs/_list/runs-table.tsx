'use client'
import Link from 'next/link'
import { memo } from 'react'
import { RunDuration } from '#app/_ui/run-duration.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { FlowRunRow } from '#lib/control/console/rows.ts'

interface RunsTableProps {
  readonly base: string
  readonly rows: readonly FlowRunRow[]
  readonly arrived?: ReadonlySet<string>
  readonly withoutFlow?: boolean
}

export function RunsTable({ base, rows, arrived, withoutFlow }: RunsTableProps) {
  return (
    <table className="t flush stack">
      <caption className="sr-only">Flow runs</caption>
      <colgroup>
        <col style={{ width: 160 }} />
        <col />
        <col style={{ width: 132 }} />
        <col style={{ width: 104 }} />
        <col style={{ width: 220 }} className="max-lg:hidden" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Run</th>
          <th scope="col">Started</th>
          <th scope="col" className="num edge">
            Duration
          </th>
          <th scope="col" className="max-lg:hidden">
            Tags
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row
            key={row.id}
            base={base}
            row={row}
            arrived={arrived?.has(row.id) ?? false}
            withoutFlow={withoutFlow ?? false}
          />
        ))}
      </tbody>
    </table>
  )
}

const Row = memo(function Row({
  base,
  row,
  arrived,
  withoutFlow,
}: {
  readonly base: string
  readonly row: FlowRunRow
  readonly arrived: boolean
  readonly withoutFlow: boolean
}) {
  const at = row.startAt ?? row.expectedStartAt
  return (
    <tr className={arrived ? 'arrived' : undefined}>
      <td className="max-sm:order-1">
        <RunState run={row} />
      </td>
      <td className="whole max-sm:order-3">
        <Link href={`${base}/runs/flow-run/${row.id}`} className="row-link title-link flex">
          {withoutFlow ? (
            <span className="truncate font-medium">{row.name}</span>
          ) : (
            <RunName flow={row.flowName} run={row.name} />
          )}
        </Link>
      </td>
      <td className="end text-ink-2 max-sm:order-2">
        <span className="text-ink-3 text-xs sm:hidden">
          {row.startAt === null ? null : (
            <>
              <RunDuration run={row} /> ·{' '}
            </>
          )}
        </span>
        {at === null ? '–' : <Time at={at} />}
      </td>
      <td className="hide num edge">
        <RunDuration run={row} />
      </td>
      <td className="hide max-lg:hidden">
        {row.tags.length > 0 ? <Tags tags={row.tags} /> : <span className="text-ink-3">–</span>}
      </td>
    </tr>
  )
})
