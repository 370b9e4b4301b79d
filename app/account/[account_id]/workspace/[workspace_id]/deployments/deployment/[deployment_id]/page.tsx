import { ListFilter } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { type Entered, enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { hrefWith } from '#app/_server/query.ts'
import { locksOf } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Fact, Facts } from '#app/_ui/card.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { percentWords } from '#app/_ui/percent.ts'
import { RunName } from '#app/_ui/run-name.tsx'
import { Sparkbars } from '#app/_ui/sparkbars.tsx'
import { Tabs } from '#app/_ui/tabs.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { Withheld } from '#app/_ui/withheld.tsx'
import { countCap } from '#lib/control/console/columns.ts'
import { listFlowRuns } from '#lib/control/console/list-flow-runs.ts'
import { listRunTags } from '#lib/control/console/list-tags.ts'
import {
  type DeploymentView,
  listDeploymentVersions,
  readDeploymentView,
} from '#lib/control/console/read-deployment.ts'
import type { Context } from '#lib/control/context.ts'
import { runLocksOf } from '../../../runs/_actions/run-locks.ts'
import { FilterBar } from '../../../runs/_list/filter-bar.tsx'
import {
  filterOf,
  isFirstPage,
  nothingMatches,
  parseRunQuery,
  placeOf,
  type SearchParams,
  turnsOf,
} from '../../../runs/_list/query.ts'
import { RefreshOnRun } from '../../../runs/_list/refresh-on-run.tsx'
import { RunsList } from '../../../runs/_list/runs-list.tsx'
import { Configuration } from '../../_deployment/configuration.tsx'
import { DeploymentMenu } from '../../_deployment/deployment-menu.tsx'
import { DeploymentParameters } from '../../_deployment/deployment-parameters.tsx'
import { Schedules } from '../../_deployment/schedules.tsx'
import { DeploymentStatusBadge } from '../../_deployment/status.tsx'
import { Versions } from '../../_deployment/versions.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly deployment_id: string }>
  readonly searchParams: Promise<SearchParams>
}

const tabs = ['runs', 'schedules', 'parameters', 'configuration', 'versions'] as const
const pageSize = 50

const viewOf = cache(async (ctx: Context, id: string) => found(readDeploymentView(ctx, id)))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { deployment_id } = await params
  if (!isUuid(deployment_id) || !ctx.access.scopes.has('see_deployments')) return { title: 'Deployment' }
  return { title: (await viewOf(ctx, deployment_id.toLowerCase())).deployment.name }
}

export default async function DeploymentPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).deployment_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Deployments', href: `${base}/deployments` }
  if (!ctx.access.scopes.has('see_deployments'))
    return (
      <Denied
        entered={entered}
        crumbs={[list]}
        what="the deployments of this workspace"
        needs="see_deployments"
      />
    )
  const asked = await searchParams
  const tab = tabs.find((each) => each === asked.tab) ?? 'runs'
  const view = await viewOf(ctx, id)
  const { deployment, lastRuns, ended, completed } = view
  const path = `${base}/deployments/deployment/${id}`
  const locks = locksOf(entered, {
    run: 'run_deployments',
    write: 'write_deployments',
    remove: 'manage_deployments',
  })
  const to = (each: (typeof tabs)[number]) => (each === 'runs' ? path : hrefWith(path, { tab: each }))
  return (
    <>
      <TopBar
        crumbs={[
          list,
          { label: deployment.flowName, href: `${base}/flows/flow/${deployment.flowId}` },
          { label: deployment.name },
        ]}
      />
      <RefreshOn
        nouns={['deployment']}
        id={id}
        runs={tab === 'runs' ? 'follow' : 'refresh'}
        cursor={cursor}
        mortal={{ id: id, what: 'deployment', href: `${base}/deployments`, words: 'Open deployments' }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={<RunName flow={deployment.flowName} run={deployment.name} asTitle />}
          badge={
            <DeploymentStatusBadge
              paused={deployment.paused}
              disabled={deployment.disabled}
              status={view.status}
              poolName={deployment.workPoolName}
            />
          }
          sub={deployment.description ?? undefined}
          actions={
            <DeploymentMenu
              base={base}
              deployment={{
                id,
                name: deployment.name,
                paused: deployment.paused,
                disabled: deployment.disabled,
                schedules: deployment.schedules.length,
                limit: deployment.limit?.limit ?? null,
                collision: deployment.concurrencyOptions?.collision_strategy ?? 'ENQUEUE',
              }}
              locks={locks}
            />
          }
        />
        <Facts className="mb-3">
          <Fact name="Work pool / queue">
            {deployment.workPoolName ? (
              <>
                <Link
                  href={`${base}/work-pools/work-pool/${encodeURIComponent(deployment.workPoolName)}`}
                  className="title-link"
                >
                  {deployment.workPoolName}
                </Link>
                {' / '}
                <Link
                  href={`${base}/work-queues/work-queue/${deployment.workQueueId}`}
                  className="title-link"
                >
                  {deployment.workQueueName}
                </Link>
              </>
            ) : (
              'Served by its own process'
            )}
          </Fact>
          {view.versionNumber === null ? null : (
            <Fact name="Version">
              <Link href={to('versions')} className="title-link">
                <span className="font-mono text-xs">
                  {deployment.version && deployment.version.length <= 20
                    ? deployment.version
                    : `v${view.versionNumber}`}
                </span>
              </Link>
              <span className="text-ink-3">
                {view.versionBy ? ` by ${view.versionBy},` : ','}{' '}
                {view.versionAt ? <Time at={view.versionAt} /> : null}
              </span>
            </Fact>
          )}
          {deployment.entrypoint ? (
            <Fact name="Entrypoint">
              <span className="font-mono text-xs" title={deployment.entrypoint}>
                {deployment.entrypoint}
              </span>
            </Fact>
          ) : null}
          <Fact name="Concurrency">
            {deployment.limit === null ? (
              'No limit'
            ) : (
              <>
                {formatCount(deployment.limit.limit)} at a time,{' '}
                <span className="text-ink-3">
                  {deployment.concurrencyOptions?.collision_strategy === 'CANCEL_NEW'
                    ? 'others are cancelled'
                    : 'others wait'}
                </span>
              </>
            )}
          </Fact>
          {lastRuns.length > 0 ? (
            <Fact name="Last 20 runs">
              <Sparkbars rows={lastRuns} />
            </Fact>
          ) : null}
          {ended > 0 ? <Fact name="Succeeded, 30 days">{percentWords(completed / ended)}</Fact> : null}
          {deployment.tags.length > 0 ? (
            <Fact name="Tags">
              <Tags tags={deployment.tags} most={6} wrap />
            </Fact>
          ) : null}
        </Facts>
        <div className="mb-4">
          <Tabs
            tabs={[
              {
                label: 'Runs',
                href: to('runs'),
                count: formatCount(view.runCount, countCap),
                current: tab === 'runs',
              },
              {
                label: 'Schedules',
                href: to('schedules'),
                count: formatCount(deployment.schedules.length),
                current: tab === 'schedules',
              },
              {
                label: 'Parameters',
                href: to('parameters'),
                count: formatCount(view.parameterCount),
                current: tab === 'parameters',
              },
              { label: 'Configuration', href: to('configuration'), current: tab === 'configuration' },
              {
                label: 'Versions',
                href: to('versions'),
                count: formatCount(view.versionCount),
                current: tab === 'versions',
              },
            ]}
          />
        </div>
        {tab === 'runs' ? (
          <Runs entered={entered} base={base} path={path} view={view} asked={asked} whyNotRun={locks.run} />
        ) : null}
        {tab === 'schedules' ? <Schedules base={base} deployment={deployment} why={locks.write} /> : null}
        {tab === 'parameters' ? <DeploymentParameters deployment={deployment} /> : null}
        {tab === 'configuration' ? <Configuration deployment={deployment} /> : null}
        {tab === 'versions' ? (
          <Versions
            base={base}
            deployment={{
              id,
              name: deployment.name,
              flowId: deployment.flowId,
              flowName: deployment.flowName,
            }}
            rows={await listDeploymentVersions(ctx, id)}
            why={locks.write}
          />
        ) : null}
      </main>
    </>
  )
}

async function Runs({
  entered,
  base,
  path,
  view,
  asked,
  whyNotRun,
}: {
  readonly entered: Entered
  readonly base: string
  readonly path: string
  readonly view: DeploymentView
  readonly asked: SearchParams
  readonly whyNotRun: string | null
}) {
  const { ctx } = entered
  const { deployment } = view
  // A deployment's own page begins with all of its runs.
  const query = { ...parseRunQuery({ range: 'all', ...asked }), flowIds: [], deploymentIds: [] }
  const filter = { ...filterOf(query, Date.now()), deploymentIds: [deployment.id] }
  if (view.runCount === 0) {
    return (
      <>
        <RefreshOnRun filter={filter} />
        <EmptyState
          icon={<ListFilter size={16} />}
          fact="No runs yet"
          actions={
            whyNotRun === null ? (
              <ButtonLink href={`${path}/run`} size="sm">
                Run it now
              </ButtonLink>
            ) : (
              <Withheld why={whyNotRun} size="sm">
                Run it now
              </Withheld>
            )
          }
        >
          Its runs show up here the moment they are made: by a schedule, or by a press of Run.
        </EmptyState>
      </>
    )
  }
  const [page, tags] = await Promise.all([
    listFlowRuns(ctx, {
      filter,
      pageSize,
      ...placeOf(query),
    }),
    listRunTags(ctx),
  ])
  return (
    <>
      {page.rows.length === 0 ? <RefreshOnRun filter={filter} /> : null}
      <FilterBar path={path} query={query} flows={[]} tags={tags} withoutFlow />
      {page.rows.length === 0 ? (
        <EmptyState
          icon={<ListFilter size={16} />}
          fact={nothingMatches(query)}
          actions={
            <ButtonLink href={path} size="sm" kind="ghost">
              Clear filters
            </ButtonLink>
          }
        />
      ) : (
        <RunsList
          base={base}
          rows={page.rows}
          filter={filter}
          firstPage={isFirstPage(query)}
          pageSize={pageSize}
          count={page.count}
          countCap={countCap}
          locks={runLocksOf(entered)}
          flowNames={{ [deployment.flowId]: deployment.flowName }}
          {...turnsOf(path, query, page)}
          withoutFlow
          withoutDeployment
        />
      )}
    </>
  )
}
