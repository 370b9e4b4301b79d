import { Variable } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { locksOf } from '#app/_server/why-not.ts'
import { Allowed } from '#app/_ui/allowed.tsx'
import { Command } from '#app/_ui/command.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { countVariables, listVariables } from '#lib/control/variables/list-variables.ts'
import { NewVariable } from './new-variable.tsx'
import { VariablesTable } from './variables-table.tsx'

export const metadata: Metadata = { title: 'Variables' }

const about = {
  title: 'Variables',
  section: 'variables',
  nouns: ['variable', 'variables'],
  needs: 'see_variables',
} as const

export default function VariablesPage(props: ListProps) {
  return listPage(props, about, async ({ entered, name, bounds }) => {
    const { ctx, base, cursor } = entered
    const filter = name === null ? null : { name: { like_: name } }
    const [rows, count] = await Promise.all([
      listVariables(ctx, { filter, sort: 'NAME_ASC', limit: bounds.pageSize, offset: bounds.offset }),
      countVariables(ctx, filter),
    ])
    return {
      live: <RefreshOn nouns={['variable']} cursor={cursor} />,
      tools: (
        <Allowed entered={entered} needs="write_variables" verb="New variable" size="sm">
          <NewVariable base={base} />
        </Allowed>
      ),
      searchLabel: 'Variable name',
      filters: { name },
      count,
      order: 'By name.',
      nothingYet: {
        icon: <Variable size={16} />,
        says: 'A variable is a small named value that every flow of this workspace can read.',
        actions: <Command command="prefect variable set region eu" className="w-full max-w-90" />,
      },
      table:
        rows.length === 0 ? null : (
          <VariablesTable
            base={base}
            rows={rows}
            locks={locksOf(entered, { write: 'write_variables', remove: 'manage_variables' })}
          />
        ),
    }
  })
}
