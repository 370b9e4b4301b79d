import Link from 'next/link'
import type { Locks } from '#app/_server/why-not.ts'
import { Card } from '#app/_ui/card.tsx'
import { KeepRow } from '#app/_ui/keep-row.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { ShownLabel } from '#app/_ui/state.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { Withheld } from '#app/_ui/withheld.tsx'
import { workStatus } from '#app/_ui/work-status.tsx'
import type { PoolQueue } from '#lib/control/console/read-work-pool.ts'
import { AddQueue } from './add-queue.tsx'
import { QueueMenu } from './queue-menu.tsx'

interface PoolQueuesProps {
  readonly base: string
  readonly poolName: string
  readonly queues: readonly PoolQueue[]
  readonly locks: Locks<'write' | 'remove'>
}

export function PoolQueues({ base, poolName, queues, locks }: PoolQueuesProps) {
  return (
    <Card
      title={
        <>
          Queues{' '}
          <span className="ml-1 font-normal text-ink-3 text-xs max-sm:hidden">lowest number first</span>
        </>
      }
      aside={
        locks.write !== null ? (
          <Withheld why={locks.write} size="sm">
            Add queue
          </Withheld>
        ) : (
          <AddQueue base={base} poolName={poolName} />
        )
      }
    >
      <KeepRow ids={queues.map((queue) => queue.id)}>
        <table className="t inset">
          <caption className="sr-only">Queues</caption>
          <colgroup>
            <col style={{ width: 64 }} />
            <col />
            <col style={{ width: 150 }} className="max-sm:hidden" />
            <col style={{ width: 84 }} />
            <col style={{ width: 52 }} />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Priority</th>
              <th scope="col">Queue</th>
              <th scope="col" className="max-sm:hidden">
                Slots
              </th>
              <th scope="col" className="num">
                Waiting
              </th>
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <tr key={queue.id}>
                <td className="text-ink-3">{queue.priority}</td>
                <td>
                  <span className="flex min-w-0 items-center gap-2">
                    <Link
                      href={`${base}/work-queues/work-queue/${queue.id}`}
                      className="row-link title-link truncate font-medium"
                      title={queue.name}
                    >
                      {queue.name}
                    </Link>
                    {queue.isPaused ? <ShownLabel shown={workStatus('work-queue', 'PAUSED')} /> : null}
                  </span>
                </td>
                <td className="max-sm:hidden">
                  {queue.concurrencyLimit === null ? (
                    <span className="text-ink-2">
                      {formatCount(queue.activeSlots)} <span className="text-ink-3">no limit</span>
                    </span>
                  ) : (
                    <Meter
                      value={queue.activeSlots}
                      of={queue.concurrencyLimit}
                      label={`Slots of ${queue.name}`}
                    />
                  )}
                </td>
                <td className="num">{formatCount(queue.waiting)}</td>
                <td className="p-0!">
                  <span className="above-link">
                    <QueueMenu base={base} poolName={poolName} queue={queue} locks={locks} />
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </KeepRow>
    </Card>
  )
}
