import type { Metadata } from 'next'
import Link from 'next/link'
import { cache } from 'react'
import { prettyLossless } from '#app/_forms/schema.ts'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { found, nameIn } from '#app/_server/found.ts'
import { hrefWith, type SearchParams } from '#app/_server/query.ts'
import { locksOf, whyNot } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { percentWords } from '#app/_ui/percent.ts'
import { RunName } from '#app/_ui/run-name.tsx'
import { Stat, Stats } from '#app/_ui/stats.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Tabs } from '#app/_ui/tabs.tsx'
import { Tag } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount, formatDuration } from '#app/_ui/times.ts'
import { WorkStatusBadge } from '#app/_ui/work-status.tsx'
import { listDeploymentsOfPool } from '#lib/control/console/list-deployments-of-pool.ts'
import { listRunsOfQueues } from '#lib/control/console/list-runs-of-queues.ts'
import { readWorkPoolView } from '#lib/control/console/read-work-pool.ts'
import type { Context } from '#lib/control/context.ts'
import { parseLossless } from '#lib/domain/lossless-json.ts'
import { AGENT_POOL_TYPE } from '#lib/domain/work/status.ts'
import { NextInLine } from '../../_pool/next-in-line.tsx'
import { PoolActions } from '../../_pool/pool-actions.tsx'
import { PoolQueues } from '../../_pool/pool-queues.tsx'
import { PoolWorkers } from '../../_pool/pool-workers.tsx'
import { RecentRuns } from '../../_pool/recent-runs.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly name: string }>
  readonly searchParams: Promise<SearchParams>
}

const tabs = ['work', 'runs', 'deployments', 'template'] as const

const viewOf = cache(async (ctx: Context, name: string) => found(readWorkPoolView(ctx, name)))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: nameIn((await params).name) }
}

export default async function WorkPoolPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const name = nameIn((await params).name)
  const crumbs = [{ label: 'Work pools', href: `${base}/work-pools` }, { label: name }]
  if (!ctx.access.scopes.has('see_work_pools'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the work pools of this workspace"
        needs="see_work_pools"
      />
    )
  const asked = await searchParams
  const tab = tabs.find((each) => each === asked.tab) ?? 'work'
  const view = await viewOf(ctx, name)
  const { pool, queues, workers, waiting, waitingCount, late, day } = view
  const queueIds = queues.map((queue) => queue.id)
  const [runs, deployments] = await Promise.all([
    tab === 'runs' ? listRunsOfQueues(ctx, queueIds) : null,
    tab === 'deployments' ? listDeploymentsOfPool(ctx, queueIds) : null,
  ])
  const path = `${base}/work-pools/work-pool/${encodeURIComponent(name)}`
  const agents = pool.type === AGENT_POOL_TYPE
  return (
    <>
      <TopBar crumbs={crumbs} />
      <RefreshOn
        nouns={['work-pool', 'work-queue', 'worker', 'deployment']}
        runs="refresh"
        cursor={cursor}
        mortal={{ id: pool.id, what: 'work pool', href: `${base}/work-pools`, words: 'Open work pools' }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={pool.name}
          badge={
            <>
              {agents ? null : <WorkStatusBadge noun="work-pool" status={pool.status} />}
              <Tag>{pool.type}</Tag>
            </>
          }
          sub={pool.description ?? undefined}
          actions={
            <PoolActions
              base={base}
              pool={{
                name: pool.name,
                description: pool.description,
                isPaused: pool.isPaused,
                concurrencyLimit: pool.concurrencyLimit,
                queues: queues.length,
                deployments: view.deployments,
              }}
              locks={locksOf(entered, { write: 'write_work_pools', remove: 'manage_work_pools' })}
            />
          }
        />
        <Stats>
          <Stat
            name="Slots"
            value={formatCount(pool.activeSlots)}
            below={
              pool.concurrencyLimit === null ? (
                'Every run that is due may start'
              ) : (
                <Meter value={pool.activeSlots} of={pool.concurrencyLimit} label="Slots" bare />
              )
            }
          >
            {pool.concurrencyLimit === null
              ? 'taken, no limit'
              : `of ${formatCount(pool.concurrencyLimit)} taken`}
          </Stat>
          <Stat
            name="Waiting"
            value={formatCount(waitingCount)}
            below={
              late > 0 ? (
                <span data-family="late" className="text-(--fg)">
                  {formatCount(late)} late
                </span>
              ) : (
                'None late'
              )
            }
          >
            {waitingCount === 1 ? 'run' : 'runs'}
          </Stat>
          <Stat
            name="Start delay, 24 h"
            value={day.medianDelaySeconds === null ? '–' : formatDuration(day.medianDelaySeconds)}
            below={
              day.p95DelaySeconds === null ? 'No run started' : `p95 ${formatDuration(day.p95DelaySeconds)}`
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
          <Tabs
            tabs={[
              { label: 'Workers and queues', href: path, current: tab === 'work' },
              { label: 'Runs', href: hrefWith(path, { tab: 'runs' }), current: tab === 'runs' },
              {
                label: 'Deployments',
                href: hrefWith(path, { tab: 'deployments' }),
                count: formatCount(view.deployments),
                current: tab === 'deployments',
              },
              {
                label: 'Base job template',
                href: hrefWith(path, { tab: 'template' }),
                current: tab === 'template',
              },
            ]}
          />
        </div>
        {tab === 'work' ? (
          <>
            {agents ? null : (
              <PoolWorkers
                base={base}
                pool={{ name: pool.name, type: pool.type }}
                workers={workers}
                why={whyNot(entered, 'manage_workers')}
              />
            )}
            <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
              <PoolQueues
                base={base}
                poolName={pool.name}
                queues={queues}
                locks={locksOf(entered, { write: 'write_work_queues', remove: 'manage_work_queues' })}
              />
              <NextInLine base={base} rows={waiting} count={waitingCount} />
            </div>
          </>
        ) : null}
        {runs ? <RecentRuns base={base} rows={runs} /> : null}
        {deployments ? (
          deployments.length === 0 ? (
            <p className="text-ink-3">No deployment waits in this pool.</p>
          ) : (
            <Table
              caption="Deployments of this pool"
              columns={[
                { head: 'Deployment' },
                { head: 'Queue', width: 200 },
                { head: 'Last polled', width: 160 },
              ]}
            >
              {deployments.map((each) => (
                <tr key={each.id}>
                  <td>
                    <Link
                      href={`${base}/deployments/deployment/${each.id}`}
                      className="row-link title-link flex"
                    >
                      <RunName flow={each.flowName} run={each.name} />
                    </Link>
                  </td>
                  <td className="end text-ink-2">{each.queueName}</td>
                  <td className="whole text-ink-2">
                    <span className="sm:hidden">Last polled </span>
                    {each.lastPolledAt === null ? (
                      <span className="text-ink-3">Never</span>
                    ) : (
                      <Ago at={each.lastPolledAt} />
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        ) : null}
        {tab === 'template' ? <Template json={pool.baseJobTemplate} /> : null}
      </main>
    </>
  )
}

function Template({ json }: { readonly json: string }) {
  return (
    <>
      <p className="mb-2 max-w-160 text-ink-2">
        What a worker of this pool starts for each run. Deployments may set its variables; what they leave out
        takes the defaults from here.
      </p>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be reached by keyboard
        tabIndex={0}
        className="mb-2 max-h-[60dvh] overflow-auto whitespace-pre-wrap rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-[18px] [overflow-wrap:anywhere]"
      >
        {prettyLossless(parseLossless(json))}
      </pre>
      <CopyButton text={json} label="Copy template as JSON" kind="plain">
        Copy as JSON
      </CopyButton>
    </>
  )
}
