import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { prettyLossless } from '#app/_forms/schema.ts'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found, nameIn } from '#app/_server/found.ts'
import { whyNot } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Card, Fact, Facts } from '#app/_ui/card.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { ShownBadge } from '#app/_ui/state.tsx'
import { Ago, RunningDuration, Time } from '#app/_ui/time.tsx'
import { workerStatus } from '#app/_ui/work-status.tsx'
import { readWorkerView } from '#lib/control/console/read-work-pool.ts'
import { parseLossless } from '#lib/domain/lossless-json.ts'
import { RemoveWorker } from '../../../../_pool/remove-worker.tsx'

export const metadata: Metadata = { title: 'Worker' }

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly name: string; readonly worker_id: string }>
}

export default async function WorkerPage({ params }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const asked = await params
  const poolName = nameIn(asked.name)
  const id = asked.worker_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const crumbs = [
    { label: 'Work pools', href: `${base}/work-pools` },
    { label: poolName, href: `${base}/work-pools/work-pool/${encodeURIComponent(poolName)}` },
  ]
  if (!ctx.access.scopes.has('see_workers'))
    return (
      <Denied entered={entered} crumbs={crumbs} what="the workers of this workspace" needs="see_workers" />
    )
  const view = await found(readWorkerView(ctx, poolName, id))
  if (!view) notFound()
  const { worker, runs } = view
  return (
    <>
      <TopBar crumbs={[...crumbs, { label: worker.name }]} />
      <RefreshOn
        nouns={['worker', 'work-pool']}
        runs="refresh"
        cursor={cursor}
        mortal={{
          id,
          what: 'worker',
          href: `${base}/work-pools/work-pool/${encodeURIComponent(poolName)}`,
          words: `Open ${poolName}`,
        }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={worker.name}
          badge={<ShownBadge shown={workerStatus(worker.status, worker.running)} />}
          actions={
            worker.status === 'OFFLINE' ? (
              <RemoveWorker
                base={base}
                poolName={poolName}
                name={worker.name}
                running={worker.running}
                onPage
                why={whyNot(entered, 'manage_workers')}
              />
            ) : null
          }
        />
        <Facts className="mb-4">
          <Fact name="Last heartbeat">
            {worker.lastHeartbeatAt === null ? 'Never' : <Ago at={worker.lastHeartbeatAt} />}
          </Fact>
          <Fact name="Beats every">
            {worker.heartbeatIntervalSeconds === null ? '–' : `${worker.heartbeatIntervalSeconds} s`}
          </Fact>
          <Fact name="Version">{worker.clientVersion ?? '–'}</Fact>
          <Fact name="First seen">
            <Time at={worker.createdAt} />
          </Fact>
          {worker.createdBy?.display_value ? (
            <Fact name="Started by">{worker.createdBy.display_value}</Fact>
          ) : null}
        </Facts>
        <Card title="Executes now" className="mb-4">
          {runs.length === 0 ? (
            <p className="px-4 py-3 text-ink-3">No run.</p>
          ) : (
            <table className="t inset">
              <caption className="sr-only">Runs that it executes</caption>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  <th scope="col">Taken</th>
                  <th scope="col" className="num">
                    Held for
                  </th>
                </tr>
              </thead>
              <tbody>
                {runs.map((run) => (
                  <tr key={run.id}>
                    <td>
                      <Link href={`${base}/runs/flow-run/${run.id}`} className="row-link title-link flex">
                        <RunName flow={run.flowName} run={run.name} />
                      </Link>
                    </td>
                    <td className="text-ink-2">
                      <Time at={run.claimedAt} />
                    </td>
                    <td className="num">
                      <RunningDuration since={run.claimedAt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Card>
        {worker.metadata ? (
          <Card title="What it says of itself">
            <pre className="overflow-auto whitespace-pre-wrap p-4 font-mono text-xs leading-[18px] [overflow-wrap:anywhere]">
              {prettyLossless(parseLossless(worker.metadata))}
            </pre>
          </Card>
        ) : null}
      </main>
    </>
  )
}
