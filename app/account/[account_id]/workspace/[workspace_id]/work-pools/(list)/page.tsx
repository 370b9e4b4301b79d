import { Plus, Server } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { Allowed } from '#app/_ui/allowed.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { listWorkPools } from '#lib/control/console/list-work-pools.ts'
import { PoolTable } from '../_pool/pool-table.tsx'

export const metadata: Metadata = { title: 'Work pools' }

const about = {
  title: 'Work pools',
  section: 'work-pools',
  nouns: ['work pool', 'work pools'],
  needs: 'see_work_pools',
} as const

export default function WorkPoolsPage(props: ListProps) {
  return listPage(props, about, async ({ entered, path, name, bounds }) => {
    const { ctx, cursor } = entered
    const { rows, count } = await listWorkPools(ctx, { name, ...bounds })
    return {
      live: <RefreshOn nouns={['work-pool', 'work-queue', 'worker']} runs="refresh" cursor={cursor} />,
      tools: (
        <Allowed entered={entered} needs="write_work_pools" verb="New work pool" size="sm">
          <ButtonLink href={`${path}/create`} kind="primary" size="sm">
            <Plus aria-hidden size={14} />
            New work pool
          </ButtonLink>
        </Allowed>
      ),
      searchLabel: 'Work pool name',
      filters: { name },
      count,
      order: 'By name.',
      nothingYet: {
        icon: <Server size={16} />,
        says: 'Deployments wait in a work pool until a worker takes their runs and starts them.',
        actions: (
          <div className="grid w-full max-w-110 grid-cols-1 gap-2 text-left">
            <Command command="rigel work-pool create laptop" />
            <Command command="prefect work-pool create laptop --type process" />
          </div>
        ),
      },
      table: rows.length === 0 ? null : <PoolTable path={path} rows={rows} />,
    }
  })
}
