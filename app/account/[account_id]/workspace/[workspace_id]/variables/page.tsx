import { ListFilter, Variable } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageParam, type SearchParams, textParam, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Allowed } from '#app/_ui/allowed.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { countVariables, listVariables } from '#lib/control/variables/list-variables.ts'
import { NewVariable } from './new-variable.tsx'
import { VariablesTable } from './variables-table.tsx'

export const metadata: Metadata = { title: 'Variables' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function VariablesPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Variables' }]
  if (!ctx.access.scopes.has('see_variables'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the variables of this workspace"
        needs="see_variables"
      />
    )
  const asked = await searchParams
  const name = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${base}/variables`
  const filter = name === null ? null : { name: { like_: name } }
  const [rows, count] = await Promise.all([
    listVariables(ctx, { filter, sort: 'NAME_ASC', limit: pageSize, offset: (page - 1) * pageSize }),
    countVariables(ctx, filter),
  ])
  const may = {
    write: ctx.access.scopes.has('write_variables'),
    remove: ctx.access.scopes.has('manage_variables'),
  }
  const nothingYet = count === 0 && name === null
  return (
    <>
      <TopBar crumbs={crumbs} titled>
        <Allowed entered={entered} needs="write_variables" verb="New variable" size="sm">
          <NewVariable base={base} />
        </Allowed>
      </TopBar>
      <RefreshOn nouns={['variable']} cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {nothingYet ? (
          <EmptyState
            icon={<Variable size={16} />}
            fact="No variables yet"
            actions={<Command command="prefect variable set region eu" className="w-full max-w-90" />}
          >
            A variable is a small named value that every flow of this workspace can read.
          </EmptyState>
        ) : (
          <>
            <div className="mb-2">
              <NameSearch path={path} label="Variable name" value={name} />
            </div>
            {rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={name === null ? 'No more variables' : `No variable named ${name}`}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <VariablesTable base={base} rows={rows} may={may} />
                <Pager {...turns(path, { name }, page, pageSize, count)}>
                  By name. {formatCount(count)} {count === 1 ? 'variable' : 'variables'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
