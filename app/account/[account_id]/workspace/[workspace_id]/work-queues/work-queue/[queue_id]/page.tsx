import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { locksOf } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { percentWords } from '#app/_ui/percent.ts'
import { Stat, Stats } from '#app/_ui/stats.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount, formatDuration } from '#app/_ui/times.ts'
import { WorkStatusBadge } from '#app/_ui/work-status.tsx'
import { listRunsOfQueues } from '#lib/control/console/list-runs-of-queues.ts'
import { readWorkQueueView } from '#lib/control/console/read-work-pool.ts'
import type { Context } from '#lib/control/context.ts'
import { NextInLine } from '../../../work-pools/_pool/next-in-line.tsx'
import { QueueMenu } from '../../../work-pools/_pool/queue-menu.tsx'
import { RecentRuns } from '../../../work-pools/_pool/recent-runs.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly queue_id: string }>
}

const viewOf = cache(async (ctx: Context, id: string) => readWorkQueueView(ctx, id))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { queue_id } = await params
  if (!isUuid(queue_id) || !ctx.access.scopes.has('see_work_queues')) return { title: 'Work queue' }
  return { title: (await viewOf(ctx, queue_id.toLowerCase()))?.queue.name ?? 'Not found' }
}

export default async function WorkQueuePage({ params }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).queue_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const pools = { label: 'Work pools', href: `${base}/work-pools` }
  if (!ctx.access.scopes.has('see_work_queues'))
    return (
      <Denied
        entered={entered}
        crumbs={[pools]}
        what="the work queues of this workspace"
        needs="see_work_queues"
      />
    )
  const view = await viewOf(ctx, id)
  if (!view) notFound()
  const { queue, waiting, day } = view
  const runs = await listRunsOfQueues(ctx, [id])
  return (
    <>
      <TopBar
        crumbs={[
          pools,
          {
            label: queue.poolName,
            href: `${base}/work-pools/work-pool/${encodeURIComponent(queue.poolName)}`,
          },
          { label: queue.name },
        ]}
      />
      <RefreshOn
        nouns={['work-queue', 'work-pool']}
        runs="refresh"
        cursor={cursor}
        mortal={{ id: id, what: 'work queue', href: `${base}/work-pools`, words: 'Open work pools' }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={queue.name}
          badge={<WorkStatusBadge noun="work-queue" status={queue.status} />}
          sub={queue.description || undefined}
          actions={
            <QueueMenu
              base={base}
              poolName={queue.poolName}
              queue={queue}
              locks={locksOf(entered, { write: 'write_work_queues', remove: 'manage_work_queues' })}
              onDeleted="leave"
            />
          }
        />
        <Stats>
          <Stat
            name="Slots"
            value={formatCount(queue.activeSlots)}
            below={
              queue.concurrencyLimit === null ? (
                'As many as its pool allows'
              ) : (
                <Meter value={queue.activeSlots} of={queue.concurrencyLimit} label="Slots" bare />
              )
            }
          >
            {queue.concurrencyLimit === null
              ? 'taken, no limit'
              : `of ${formatCount(queue.concurrencyLimit)} taken`}
          </Stat>
          <Stat
            name="Waiting"
            value={formatCount(queue.waiting)}
            below={`Priority ${queue.priority} in ${queue.poolName}`}
          >
            {queue.waiting === 1 ? 'run' : 'runs'}
          </Stat>
          <Stat
            name="Start delay, 24 h"
            value={day.medianDelaySeconds === null ? '–' : formatDuration(day.medianDelaySeconds)}
            below={
              queue.lastPolledAt === null ? (
                'Never polled'
              ) : (
                <>
                  Polled <Ago at={queue.lastPolledAt} />
                </>
              )
            }
          >
            {day.medianDelaySeconds === null ? null : 'median'}
          </Stat>
          <Stat
            name="Succeeded, 24 h"
            value={day.ended === 0 ? '–' : percentWords(day.completed / day.ended)}
            below={
              day.ended === 0
                ? 'No run ended'
                : `${formatCount(day.completed)} of ${formatCount(day.ended)} ended runs`
            }
          />
        </Stats>
        <div className="my-4">
          <NextInLine base={base} rows={waiting} count={queue.waiting} />
        </div>
        <h2 className="mb-1 font-semibold">Runs</h2>
        <RecentRuns base={base} rows={runs} />
      </main>
    </>
  )
}
