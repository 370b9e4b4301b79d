import { ListFilter, Plus, Server } from 'lucide-react'
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
import { Tag } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { WorkStatusLabel } from '#app/_ui/work-status.tsx'
import { listWorkPools, type WorkPoolListRow } from '#lib/control/console/list-work-pools.ts'
import { AGENT_POOL_TYPE } from '#lib/domain/work/status.ts'

export const metadata: Metadata = { title: 'Work pools' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function WorkPoolsPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Work pools' }]
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
  const name = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${base}/work-pools`
  const { rows, count } = await listWorkPools(ctx, { name, pageSize, offset: (page - 1) * pageSize })
  const _mayWrite = ctx.access.scopes.has('write_work_pools')
  return (
    <>
      <TopBar crumbs={crumbs} titled>
        <Allowed entered={entered} needs="write_work_pools" verb="New work pool" size="sm">
          <ButtonLink href={`${path}/create`} kind="primary" size="sm">
            <Plus aria-hidden size={14} />
            New work pool
          </ButtonLink>
        </Allowed>
      </TopBar>
      <RefreshOn nouns={['work-pool', 'work-queue', 'worker']} runs="refresh" cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {count === 0 && name === null ? (
          <EmptyState
            icon={<Server size={16} />}
            fact="No work pools yet"
            actions={
              <Command
                command="prefect work-pool create laptop --type process"
                className="w-full max-w-110"
              />
            }
          >
            Deployments wait in a work pool until a worker takes their runs and starts them.
          </EmptyState>
        ) : (
          <>
            <div className="mb-2">
              <NameSearch path={path} label="Work pool name" value={name} />
            </div>
            {rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={name === null ? 'No more work pools' : `No work pool named ${name}`}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <PoolTable base={base} rows={rows} />
                <Pager {...turns(path, { name }, page, pageSize, count)}>
                  By name. {formatCount(count)} {count === 1 ? 'work pool' : 'work pools'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}

function PoolTable({ base, rows }: { readonly base: string; readonly rows: readonly WorkPoolListRow[] }) {
  return (
    <table className="t flush stack">
      <caption className="sr-only">Work pools</caption>
      <colgroup>
        <col />
        <col style={{ width: 128 }} />
        <col style={{ width: 220 }} className="max-lg:hidden" />
        <col style={{ width: 112 }} />
        <col style={{ width: 112 }} className="max-lg:hidden" />
        <col style={{ width: 132 }} className="max-xl:hidden" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Work pool</th>
          <th scope="col">Status</th>
          <th scope="col" className="max-lg:hidden">
            Slots
          </th>
          <th scope="col">Waiting</th>
          <th scope="col" className="max-lg:hidden">
            Workers
          </th>
          <th scope="col" className="max-xl:hidden">
            Last polled
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <span className="flex min-w-0 items-center gap-2">
                <Link
                  href={`${base}/work-pools/work-pool/${encodeURIComponent(row.name)}`}
                  className="row-link title-link truncate font-medium"
                  title={row.name}
                >
                  {row.name}
                </Link>
                <Tag>{row.type}</Tag>
              </span>
            </td>
            <td className="end">
              {row.type === AGENT_POOL_TYPE ? (
                <span className="text-ink-3">For agents</span>
              ) : (
                <WorkStatusLabel noun="work-pool" status={row.status} />
              )}
            </td>
            <td className="hide max-lg:hidden">
              {row.concurrencyLimit === null ? (
                <span className="text-ink-2">
                  {formatCount(row.activeSlots)} taken <span className="text-ink-3">of no limit</span>
                </span>
              ) : (
                <Meter value={row.activeSlots} of={row.concurrencyLimit} label={`Slots of ${row.name}`} />
              )}
            </td>
            <td className="text-ink-2">
              {row.waiting === 0 ? (
                <span className="text-ink-3">None</span>
              ) : (
                <span data-family={row.status === 'READY' ? 'wait' : 'late'} className="text-(--fg)">
                  {formatCount(row.waiting)} {row.waiting === 1 ? 'run' : 'runs'}
                </span>
              )}
            </td>
            <td className="hide text-ink-2 max-lg:hidden">
              {row.workers === 0 ? (
                <span className="text-ink-3">None</span>
              ) : (
                `${formatCount(row.workersOnline)} of ${formatCount(row.workers)} online`
              )}
            </td>
            <td className="hide text-ink-2 max-xl:hidden">
              {row.lastPolledAt === null ? (
                <span className="text-ink-3">Never</span>
              ) : (
                <Ago at={row.lastPolledAt} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
