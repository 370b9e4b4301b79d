import { Gauge, ListFilter } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageParam, type SearchParams, textParam, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Allowed } from '#app/_ui/allowed.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { ShownLabel } from '#app/_ui/state.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { listLimits } from '#lib/control/console/list-limits.ts'
import { kindOf, limitStanding } from '../_limit/limit-words.ts'
import { NewLimit } from '../_limit/new-limit.tsx'

export const metadata: Metadata = { title: 'Concurrency' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function ConcurrencyPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Concurrency' }]
  if (!ctx.access.scopes.has('see_concurrency_limits'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the limits of this workspace"
        needs="see_concurrency_limits"
      />
    )
  const asked = await searchParams
  const name = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${base}/concurrency-limits`
  const { rows, count } = await listLimits(ctx, { name, pageSize, offset: (page - 1) * pageSize })
  const _mayWrite = ctx.access.scopes.has('manage_concurrency_limits')
  return (
    <>
      <TopBar crumbs={crumbs} titled>
        <Allowed entered={entered} needs="manage_concurrency_limits" verb="New limit" size="sm">
          <NewLimit base={base} />
        </Allowed>
      </TopBar>
      <RefreshOn nouns={['concurrency-limit']} runs="refresh" cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {count === 0 && name === null ? (
          <EmptyState
            icon={<Gauge size={16} />}
            fact="No limits yet"
            actions={
              <Command command="prefect gcl create warehouse --limit 10" className="w-full max-w-100" />
            }
          >
            A limit says how many at once: of a tag, of a deployment, or of anything that your code asks a
            slot for.
          </EmptyState>
        ) : (
          <>
            <div className="mb-2">
              <NameSearch path={path} label="Limit name" value={name} />
            </div>
            {rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={name === null ? 'No more limits' : `No limit named ${name}`}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <table className="t flush stack">
                  <caption className="sr-only">Concurrency limits</caption>
                  <colgroup>
                    <col />
                    <col style={{ width: 160 }} />
                    <col style={{ width: 130 }} className="max-lg:hidden" />
                    <col style={{ width: 300 }} />
                    <col style={{ width: 110 }} className="max-lg:hidden" />
                  </colgroup>
                  <thead>
                    <tr>
                      <th scope="col">Limit</th>
                      <th scope="col">Of</th>
                      <th scope="col" className="max-lg:hidden">
                        Standing
                      </th>
                      <th scope="col">Slots</th>
                      <th scope="col" className="num max-lg:hidden">
                        Holders
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.id}>
                        <td>
                          <Link
                            href={`${path}/concurrency-limit/${row.id}`}
                            className="row-link title-link block truncate font-medium"
                            title={row.label}
                          >
                            {row.label}
                          </Link>
                        </td>
                        <td className="end text-ink-2">{kindOf(row)}</td>
                        <td className="hide max-lg:hidden">
                          <ShownLabel shown={limitStanding(row)} />
                        </td>
                        <td className="whole">
                          <Meter value={row.activeSlots} of={row.slotLimit} label={`Slots of ${row.label}`} />
                        </td>
                        <td className="hide num max-lg:hidden">{formatCount(row.holders)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                <Pager {...turns(path, { name }, page, pageSize, count)}>
                  {formatCount(count)} {count === 1 ? 'limit' : 'limits'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
