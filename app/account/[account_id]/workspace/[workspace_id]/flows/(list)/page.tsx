import { Workflow } from 'lucide-react'
import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { hrefWith, textParam } from '#app/_server/query.ts'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { countCap } from '#lib/control/console/columns.ts'
import { listFlows } from '#lib/control/console/list-flows.ts'
import { everyRun } from '#lib/control/console/run-filter.ts'
import { RefreshOnRun } from '../../runs/_list/refresh-on-run.tsx'
import { FlowsTable } from '../_list/flows-table.tsx'

export const metadata: Metadata = { title: 'Flows' }

const about = {
  title: 'Flows',
  section: 'flows',
  nouns: ['flow', 'flows'],
  needs: 'see_flows',
} as const

export default function FlowsPage(props: ListProps) {
  return listPage(props, about, async ({ entered, asked, path, name, bounds }) => {
    const { ctx, base, cursor } = entered
    const after = textParam(asked.after)
    const { rows, count, hasMore } = await listFlows(ctx, { name, after, pageSize: bounds.pageSize })
    const isBare = rows.length === 0 && name === null && after === null
    return {
      live: (
        <>
          <LiveTopicOf topic="runs" cursor={cursor} />
          {isBare ? <RefreshOnRun filter={everyRun} /> : null}
        </>
      ),
      searchLabel: 'Flow name',
      filters: { name },
      count,
      isBare,
      nothingYet: {
        icon: <Workflow size={16} />,
        says: 'A flow shows up here with its first run.',
        actions: (
          <ButtonLink href={`${base}/get-started`} size="sm">
            Run your first flow
          </ButtonLink>
        ),
      },
      table: rows.length === 0 ? null : <FlowsTable base={base} rows={rows} />,
      pager: (
        <Pager
          previousHref={after === null ? null : hrefWith(path, { name })}
          previousWord="First"
          nextHref={hasMore ? hrefWith(path, { name, after: rows.at(-1)?.name }) : null}
        >
          By name. {formatCount(count, countCap)} {count === 1 ? 'flow' : 'flows'}
        </Pager>
      ),
    }
  })
}
