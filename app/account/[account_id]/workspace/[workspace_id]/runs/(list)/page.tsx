import { ListFilter, Workflow } from 'lucide-react'
import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { countCap } from '#lib/control/console/columns.ts'
import { hasFlowRuns } from '#lib/control/console/has-flow-runs.ts'
import { listDeploymentNames } from '#lib/control/console/list-deployment-names.ts'
import { listFlowNames } from '#lib/control/console/list-flow-names.ts'
import { listFlowRuns } from '#lib/control/console/list-flow-runs.ts'
import { listRunPoints } from '#lib/control/console/list-run-points.ts'
import { listRunTags } from '#lib/control/console/list-tags.ts'
import { everyRun } from '#lib/control/console/run-filter.ts'
import { runLocksOf } from '../_actions/run-locks.ts'
import { FilterBar } from '../_list/filter-bar.tsx'
import {
  filterOf,
  isFirstPage,
  nothingMatches,
  parseRunQuery,
  placeOf,
  runQueryString,
  type SearchParams,
  turnsOf,
  withFilter,
} from '../_list/query.ts'
import { RefreshOnRun } from '../_list/refresh-on-run.tsx'
import { RunsList } from '../_list/runs-list.tsx'
import { Scatter } from '../_list/scatter.tsx'

export const metadata: Metadata = { title: 'Runs' }

const pageSize = 50
const mostPoints = 2000

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function RunsPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const query = parseRunQuery(await searchParams)
  const path = `${base}/runs`
  const nowMs = Date.now()
  const filter = filterOf(query, nowMs)
  const [page, points, flows, tags, deployments] = await Promise.all([
    listFlowRuns(ctx, {
      filter,
      pageSize,
      soonestFirst: query.range === 'next',
      ...placeOf(query),
    }),
    listRunPoints(ctx, filter, mostPoints),
    listFlowNames(ctx),
    listRunTags(ctx),
    ctx.access.scopes.has('see_deployments') ? listDeploymentNames(ctx) : undefined,
  ])
  const flowNames = Object.fromEntries(flows.map((flow) => [flow.id, flow.name]))
  const empty = page.rows.length === 0
  const nothingYet = empty && !(await hasFlowRuns(ctx))
  const oldestMs = points.reduce(
    (oldest, point) => Math.min(oldest, Date.parse(point.startAt)),
    nowMs - 3_600_000,
  )
  return (
    <>
      <TopBar crumbs={[{ label: 'Runs' }]} titled />
      <LiveTopicOf topic="runs" cursor={cursor} />
      {empty ? <RefreshOnRun filter={filter} /> : null}
      <main id="main" tabIndex={-1} className="page">
        {nothingYet ? (
          <EmptyState
            icon={<Workflow size={16} />}
            fact="No runs yet"
            actions={
              <ButtonLink href={`${base}/get-started`} size="sm">
                Run your first flow
              </ButtonLink>
            }
          >
            Every run of a flow shows up here the moment it starts.
          </EmptyState>
        ) : (
          <>
            <FilterBar path={path} query={query} flows={flows} tags={tags} deployments={deployments} />
            {(empty && isFirstPage(query)) || query.range === 'next' ? null : (
              <Scatter
                base={base}
                path={path}
                query={query}
                filter={filter}
                points={points}
                count={page.count}
                fromMs={filter.fromAt ? Date.parse(filter.fromAt) : oldestMs}
                toMs={filter.toAt ? Date.parse(filter.toAt) : nowMs}
                flowNames={flowNames}
              />
            )}
            {empty ? (
              <NothingMatches path={path} query={query} ctx={ctx} />
            ) : (
              <RunsList
                base={base}
                rows={page.rows}
                filter={filter}
                firstPage={isFirstPage(query) && query.range !== 'next'}
                soonestFirst={query.range === 'next'}
                pageSize={pageSize}
                count={page.count}
                countCap={countCap}
                locks={runLocksOf(entered)}
                flowNames={flowNames}
                {...turnsOf(path, query, page)}
              />
            )}
          </>
        )}
      </main>
    </>
  )
}

/** Names the filters in words, and the nearest that would match. */
async function NothingMatches({
  path,
  query,
  ctx,
}: {
  readonly path: string
  readonly query: ReturnType<typeof parseRunQuery>
  readonly ctx: Parameters<typeof listFlowRuns>[0]
}) {
  const wider = withFilter(query, { range: 'all' })
  const { count } = await listFlowRuns(ctx, { filter: { ...everyRun, ...filterOf(wider, 0) }, pageSize: 1 })
  return (
    <EmptyState
      icon={<ListFilter size={16} />}
      fact={nothingMatches(query)}
      actions={
        <>
          {count > 0 ? (
            <ButtonLink href={`${path}${runQueryString(wider)}`} size="sm">
              Show all time
            </ButtonLink>
          ) : null}
          <ButtonLink href={path} size="sm" kind="ghost">
            Clear filters
          </ButtonLink>
        </>
      }
    >
      {query.range === 'all'
        ? null
        : count > 0
          ? `${formatCount(count, countCap)} in all time.`
          : 'None in all time either.'}
    </EmptyState>
  )
}
