import { CirclePause } from 'lucide-react'
import Link from 'next/link'
import { Card } from '#app/_ui/card.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { RunningDuration } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { WaitingRun } from '#lib/control/console/read-work-pool.ts'

/** Whose time has come, in the order in which they will start; what stands in a paused queue comes last. */
export function NextInLine({
  base,
  rows,
  count,
}: {
  readonly base: string
  readonly rows: readonly WaitingRun[]
  readonly count: number
}) {
  return (
    <Card
      title={
        <>
          Next in line{' '}
          <span className="ml-1 font-normal text-ink-3 text-xs max-sm:hidden">
            in the order they will start
          </span>
        </>
      }
    >
      {rows.length === 0 ? (
        <p className="px-4 py-3 text-ink-3">No run waits.</p>
      ) : (
        <table className="t inset">
          <caption className="sr-only">Runs that wait</caption>
          <colgroup>
            <col style={{ width: 48 }} />
            <col />
            <col style={{ width: 96 }} className="max-sm:hidden" />
            <col style={{ width: 96 }} />
          </colgroup>
          <tbody>
            {rows.map((row, index) => (
              <tr key={row.id}>
                <td className="text-ink-3">
                  {row.queuePaused ? <CirclePause aria-label="Its queue is paused" size={14} /> : index + 1}
                </td>
                <td>
                  <Link href={`${base}/runs/flow-run/${row.id}`} className="row-link title-link flex">
                    <RunName flow={row.flowName} run={row.name} />
                  </Link>
                </td>
                <td className="text-ink-3 max-sm:hidden" title={row.queueName}>
                  {row.queueName}
                </td>
                <td className="num text-ink-2">
                  <RunningDuration since={row.dueAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {count > rows.length ? (
        <p className="border-line border-t px-4 py-2 text-ink-3 text-xs">
          The first {rows.length} of {formatCount(count)}.
        </p>
      ) : null}
    </Card>
  )
}
