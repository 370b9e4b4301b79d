import { Rocket } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { textParam, textParams } from '#app/_server/query.ts'
import { locksOf } from '#app/_server/why-not.ts'
import { Command } from '#app/_ui/command.tsx'
import { FilterChip, TagFilter } from '#app/_ui/filter-chip.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import {
  listDeployments,
  listPoolNames,
  type ShownStatus,
  shownStatuses,
} from '#lib/control/console/list-deployments.ts'
import { listDeploymentTags } from '#lib/control/console/list-tags.ts'
import { DeploymentTable } from '../_deployment/deployment-table.tsx'

export const metadata: Metadata = { title: 'Deployments' }

const about = {
  title: 'Deployments',
  section: 'deployments',
  nouns: ['deployment', 'deployments'],
  needs: 'see_deployments',
} as const

const statusWords = {
  ready: 'Ready',
  'not-ready': 'Not ready',
  paused: 'Paused',
  disabled: 'Disabled',
} as const satisfies Record<ShownStatus, string>

const optionsOf = (values: readonly string[]) => values.map((value) => ({ value, label: value }))

export default function DeploymentsPage(props: ListProps) {
  return listPage(props, about, async ({ entered, asked, path, name, bounds }) => {
    const { ctx, base, cursor } = entered
    const tags = textParams(asked.tag)
    const pool = textParam(asked.pool)
    const status = shownStatuses.find((each) => each === asked.status) ?? null
    const [{ rows, count }, pools, knownTags] = await Promise.all([
      listDeployments(ctx, { name, status, tags, poolName: pool, ...bounds }),
      listPoolNames(ctx),
      listDeploymentTags(ctx),
    ])
    return {
      live: <RefreshOn nouns={['deployment', 'work-pool', 'work-queue']} runs="refresh" cursor={cursor} />,
      searchLabel: 'Deployment or flow',
      chips: (
        <>
          <FilterChip
            path={path}
            label="Status"
            param="status"
            value={status}
            options={shownStatuses.map((each) => ({ value: each, label: statusWords[each] }))}
          />
          {pools.length > 0 ? (
            <FilterChip path={path} label="Work pool" param="pool" value={pool} options={optionsOf(pools)} />
          ) : null}
          {knownTags.length > 0 || tags.length > 0 ? (
            <TagFilter path={path} tags={knownTags} chosen={tags} />
          ) : null}
        </>
      ),
      filters: { name, status, tag: tags, pool },
      count,
      order: 'By flow and name.',
      nothingYet: {
        icon: <Rocket size={16} />,
        says: 'A deployment lets Rigel start a flow: on a schedule, or by a press of a button.',
        actions: (
          <div className="grid w-full max-w-125 grid-cols-1 gap-2 text-left">
            <Command command="rigel deploy hello.ts --name daily --cron '0 6 * * *'" />
            <Command command="prefect deploy hello.py:hello --name daily --pool laptop" />
          </div>
        ),
      },
      noMatch: nothingFound(name, status === null ? null : statusWords[status], pool, tags),
      table:
        rows.length === 0 ? null : (
          <DeploymentTable
            base={base}
            rows={rows}
            locks={locksOf(entered, {
              run: 'run_deployments',
              write: 'write_deployments',
              remove: 'manage_deployments',
            })}
          />
        ),
    }
  })
}

function nothingFound(
  name: string | null,
  status: string | null,
  pool: string | null,
  tags: readonly string[],
): string {
  if (name === null && status === null && pool === null && tags.length === 0) return 'No more deployments'
  const which = status === null ? '' : `${status.toLowerCase()} `
  const named = name === null ? '' : ` named ${name}`
  const inPool = pool === null ? '' : ` in ${pool}`
  const tagged = tags.length === 0 ? '' : ` tagged ${tags.join(' and ')}`
  return `No ${which}deployments${named}${inPool}${tagged}`
}
