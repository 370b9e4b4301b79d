import { ListFilter, Workflow } from 'lucide-react'
import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { countCap } from '#lib/control/console/columns.ts'
import { listFlows } from '#lib/control/console/list-flows.ts'
import { everyRun } from '#lib/control/console/run-filter.ts'
import { RefreshOnRun } from '../../runs/_list/refresh-on-run.tsx'

import { FlowsTable } from '../_list/flows-table.tsx'

export const metadata: Metadata = { title: 'Flows' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>
}

const text = (value: string | readonly string[] | undefined): string | null =>
  (typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, 500) : '') || null

export default async function FlowsPage({ params, searchParams }: Props) {
  const { ctx, base, cursor } = await enterLive(params)
  const asked = await searchParams
  const name = text(asked.name)
  const after = text(asked.after)
  const path = `${base}/flows`
  const page = await listFlows(ctx, { name, after, pageSize })
  const empty = page.rows.length === 0
  const named = name === null ? '' : `name=${encodeURIComponent(name)}&`
  return (
    <>
      <TopBar crumbs={[{ label: 'Flows' }]} titled />
      <LiveTopicOf topic="runs" cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {empty && name === null && after === null ? (
          <>
            <RefreshOnRun filter={everyRun} />
            <EmptyState
              icon={<Workflow size={16} />}
              fact="No flows yet"
              actions={
                <ButtonLink href={`${base}/get-started`} size="sm">
                  Run your first flow
                </ButtonLink>
              }
            >
              A flow shows up here with its first run.
            </EmptyState>
          </>
        ) : (
          <>
            <div className="mb-2">
              <NameSearch path={path} label="Flow name" value={name} />
            </div>
            {empty ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={name === null ? 'No more flows' : `No flow named ${name}`}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <FlowsTable base={base} rows={page.rows} />
                <nav aria-label="Pages" className="flex items-center gap-3 py-2.5 text-ink-3 text-xs">
                  <span>
                    By name. {formatCount(page.count, countCap)} {page.count === 1 ? 'flow' : 'flows'}
                  </span>
                  <span className="ml-auto flex gap-2">
                    {after === null ? null : (
                      <ButtonLink href={name === null ? path : `${path}?${named.slice(0, -1)}`} size="sm">
                        First
                      </ButtonLink>
                    )}
                    {page.hasMore ? (
                      <ButtonLink
                        href={`${path}?${named}after=${encodeURIComponent(page.rows.at(-1)?.name ?? '')}`}
                        size="sm"
                      >
                        Next
                      </ButtonLink>
                    ) : null}
                  </span>
                </nav>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
