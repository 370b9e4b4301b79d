import { ListFilter, Rocket } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageParam, type SearchParams, textParam, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { FilterChip } from '#app/_ui/filter-chip.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { Sparkbars } from '#app/_ui/sparkbars.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import {
  type DeploymentListRow,
  listDeployments,
  listPoolNames,
  shownStatuses,
} from '#lib/control/console/list-deployments.ts'
import { DeploymentMenu } from '../_deployment/deployment-menu.tsx'
import { schedulesInWords } from '../_deployment/schedule-words.ts'
import { DeploymentStatusLabel } from '../_deployment/status.tsx'

export const metadata: Metadata = { title: 'Deployments' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

const statusWords = {
  ready: 'Ready',
  'not-ready': 'Not ready',
  paused: 'Paused',
  disabled: 'Disabled',
} as const

export default async function DeploymentsPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Deployments' }]
  if (!ctx.access.scopes.has('see_deployments'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the deployments of this workspace"
        needs="see_deployments"
      />
    )
  const asked = await searchParams
  const name = textParam(asked.name)
  const tag = textParam(asked.tag)
  const poolName = textParam(asked.pool)
  const status = shownStatuses.find((each) => each === asked.status) ?? null
  const page = pageParam(asked.page)
  const path = `${base}/deployments`
  const [{ rows, count }, pools] = await Promise.all([
    listDeployments(ctx, { name, status, tag, poolName, pageSize, offset: (page - 1) * pageSize }),
    listPoolNames(ctx),
  ])
  const filtered = name !== null || tag !== null || poolName !== null || status !== null
  const may = {
    run: ctx.access.scopes.has('run_deployments'),
    write: ctx.access.scopes.has('write_deployments'),
    remove: ctx.access.scopes.has('manage_deployments'),
  }
  return (
    <>
      <TopBar crumbs={crumbs} titled />
      <RefreshOn nouns={['deployment', 'work-pool', 'work-queue']} runs="refresh" cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {count === 0 && !filtered && page === 1 ? (
          <EmptyState
            icon={<Rocket size={16} />}
            fact="No deployments yet"
            actions={
              <div className="grid w-full max-w-110 grid-cols-1 gap-2 text-left">
                <Command command="rigel deploy hello.ts --name daily --cron '0 6 * * *'" />
                <Command command="prefect deploy hello.py:hello --name daily --pool laptop" />
              </div>
            }
          >
            A deployment lets Rigel start a flow: on a schedule, or by a press of a button.
          </EmptyState>
        ) : (
          <>
            <div className="scroll-quiet mb-2 flex flex-wrap items-center gap-2 max-sm:-mx-(--gutter) max-sm:flex-nowrap max-sm:overflow-x-auto max-sm:px-(--gutter) max-sm:py-0.5">
              <NameSearch path={path} label="Deployment or flow" value={name} />
              <FilterChip
                path={path}
                label="Status"
                param="status"
                value={status}
                options={shownStatuses.map((each) => ({ value: each, label: statusWords[each] }))}
              />
              {pools.length > 0 ? (
                <FilterChip
                  path={path}
                  label="Work pool"
                  param="pool"
                  value={poolName}
                  options={pools.map((each) => ({ value: each, label: each }))}
                />
              ) : null}
              {tag === null ? null : (
                <FilterChip
                  path={path}
                  label="Tag"
                  param="tag"
                  value={tag}
                  options={[{ value: tag, label: tag }]}
                />
              )}
            </div>
            {rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={nothingFound(name, status === null ? null : statusWords[status], poolName, tag)}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <DeploymentTable base={base} rows={rows} may={may} />
                <Pager {...turns(path, { name, status, tag, pool: poolName }, page, pageSize, count)}>
                  By flow and name. {formatCount(count)} {count === 1 ? 'deployment' : 'deployments'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}

function nothingFound(
  name: string | null,
  status: string | null,
  pool: string | null,
  tag: string | null,
): string {
  const which = status === null ? '' : `${status.toLowerCase()} `
  const named = name === null ? '' : ` named ${name}`
  const inPool = pool === null ? '' : ` in ${pool}`
  const tagged = tag === null ? '' : ` tagged ${tag}`
  return `No ${which}deployments${named}${inPool}${tagged}`
}

function DeploymentTable({
  base,
  rows,
  may,
}: {
  readonly base: string
  readonly rows: readonly DeploymentListRow[]
  readonly may: { readonly run: boolean; readonly write: boolean; readonly remove: boolean }
}) {
  const nowMs = Date.now()
  return (
    <table className="t flush stack">
      <caption className="sr-only">Deployments</caption>
      <colgroup>
        <col />
        <col style={{ width: 116 }} />
        <col style={{ width: 250 }} className="max-lg:hidden" />
        <col style={{ width: 156 }} className="max-xl:hidden" />
        <col style={{ width: 164 }} className="max-lg:hidden" />
        <col style={{ width: 148 }} className="max-xl:hidden" />
        <col style={{ width: 44 }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Deployment</th>
          <th scope="col">Status</th>
          <th scope="col" className="max-lg:hidden">
            Schedule
          </th>
          <th scope="col" className="max-xl:hidden">
            Work pool / queue
          </th>
          <th scope="col" className="max-lg:hidden">
            Last 20 runs
          </th>
          <th scope="col" className="max-xl:hidden">
            Last run
          </th>
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const last = row.lastRuns.at(-1)
          const words = schedulesInWords(row.schedules, nowMs)
          return (
            <tr key={row.id}>
              <td className="max-sm:order-1">
                <Link
                  href={`${base}/deployments/deployment/${row.id}`}
                  className="row-link title-link fr"
                  title={`${row.flowName} / ${row.name}`}
                >
                  <span className="text-ink-2">{row.flowName}</span>
                  <span className="text-ink-3">/</span>
                  <span className="font-medium">{row.name}</span>
                </Link>
              </td>
              <td className="end max-sm:order-2">
                <DeploymentStatusLabel {...row} />
              </td>
              <td
                className="whole text-ink-2 max-lg:hidden max-sm:order-3 max-sm:block!"
                title={words || undefined}
              >
                {words === '' ? (
                  <span className="text-ink-3">{row.scheduleCount > 0 ? 'None active' : 'None'}</span>
                ) : (
                  <>
                    {words}{' '}
                    {row.nextRunAt && !row.paused ? (
                      <span className="text-ink-3 text-xs">
                        <Ago at={row.nextRunAt} />
                      </span>
                    ) : null}
                  </>
                )}
              </td>
              <td
                className="hide text-ink-2 max-xl:hidden"
                title={row.poolName ? `${row.poolName} / ${row.queueName}` : undefined}
              >
                {row.poolName ? (
                  `${row.poolName} / ${row.queueName}`
                ) : (
                  <span className="text-ink-3">Served</span>
                )}
              </td>
              <td className="hide overflow-visible! max-lg:hidden">
                {row.lastRuns.length > 0 ? (
                  <span className="above-link">
                    <Sparkbars rows={row.lastRuns} />
                  </span>
                ) : (
                  <span className="text-ink-3">–</span>
                )}
              </td>
              <td className="hide max-xl:hidden">
                {last ? <RunState run={last} /> : <span className="text-ink-3">None</span>}
              </td>
              <td className="hide p-0!">
                <span className="above-link">
                  <DeploymentMenu
                    base={base}
                    deployment={{
                      id: row.id,
                      name: row.name,
                      paused: row.paused,
                      disabled: row.disabled,
                      schedules: row.scheduleCount,
                    }}
                    may={may}
                    inRow
                  />
                </span>
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
