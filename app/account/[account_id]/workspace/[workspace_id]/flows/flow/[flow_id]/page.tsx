import { ListFilter } from 'lucide-react'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { countCap } from '#lib/control/console/columns.ts'
import { listFlowRuns } from '#lib/control/console/list-flow-runs.ts'
import { listRunTags } from '#lib/control/console/list-tags.ts'
import { readFlow } from '#lib/control/console/read-flow.ts'
import type { Context } from '#lib/control/context.ts'
import { runLocksOf } from '../../../runs/_actions/run-locks.ts'
import { FilterBar } from '../../../runs/_list/filter-bar.tsx'
import {
  filterOf,
  isFiltered,
  isFirstPage,
  nothingMatches,
  parseRunQuery,
  placeOf,
  type SearchParams,
  turnsOf,
} from '../../../runs/_list/query.ts'
import { RefreshOnRun } from '../../../runs/_list/refresh-on-run.tsx'
import { RunsList } from '../../../runs/_list/runs-list.tsx'
import { FlowFacts } from './flow-facts.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly flow_id: string }>
  readonly searchParams: Promise<SearchParams>
}

const pageSize = 50

const flowOf = cache(async (ctx: Context, id: string) => found(readFlow(ctx, id)))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { flow_id } = await params
  if (!isUuid(flow_id)) return { title: 'Not found' }
  return { title: (await flowOf(ctx, flow_id.toLowerCase())).name }
}

export default async function FlowPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).flow_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const asked = await searchParams
  // A flow's own page begins with all of its runs.
  const query = { ...parseRunQuery({ range: 'all', ...asked }), flowIds: [] }
  const filter = { ...filterOf(query, Date.now()), flowIds: [id] }
  const path = `${base}/flows/flow/${id}`
  const [flow, page, tags] = await Promise.all([
    flowOf(ctx, id),
    listFlowRuns(ctx, {
      filter,
      pageSize,
      ...placeOf(query),
    }),
    listRunTags(ctx),
  ])
  const empty = page.rows.length === 0
  return (
    <>
      <TopBar crumbs={[{ label: 'Flows', href: `${base}/flows` }, { label: flow.name }]} />
      <LiveTopicOf topic="runs" cursor={cursor} />
      {empty ? <RefreshOnRun filter={filter} /> : null}
      <main id="main" tabIndex={-1} className="page">
        <PageHeader title={flow.name} />
        <FlowFacts flow={[flow]} />
        <FilterBar path={path} query={query} flows={[]} tags={tags} withoutFlow />
        {empty && !isFiltered(query) && query.range === 'all' && isFirstPage(query) ? (
          <EmptyState icon={<ListFilter size={16} />} fact="No runs yet">
            They show up here the moment they start.
          </EmptyState>
        ) : empty ? (
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
            flowNames={{ [flow.id]: flow.name }}
            {...turnsOf(path, query, page)}
            withoutFlow
          />
        )}
      </main>
    </>
  )
}
