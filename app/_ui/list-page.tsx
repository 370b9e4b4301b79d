import { ListFilter } from 'lucide-react'
import type { ReactNode } from 'react'
import { type Entered, enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { hrefWith, pageParam, type SearchParams, textParam, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import { ButtonLink } from './button-link.tsx'
import { Denied } from './denied.tsx'
import { EmptyState } from './empty.tsx'
import { NameSearch } from './name-search.tsx'
import { Pager } from './pager.tsx'
import { formatCount } from './times.ts'

export interface ListProps {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

const pageSize = 50

interface ListAbout {
  /** The page's name. */
  readonly title: string
  /** Below the workspace's address. */
  readonly section: string
  /** One and many of what a row is. */
  readonly nouns: readonly [one: string, many: string]
  readonly needs: WorkspaceScope
}

interface ListAsked {
  readonly entered: Entered & { readonly cursor: string }
  readonly asked: SearchParams
  /** Of the list, without filters. */
  readonly path: string
  /** Part of a name. */
  readonly name: string | null
  readonly bounds: { readonly pageSize: number; readonly offset: number }
}

interface ListShown {
  /** What the page follows. */
  readonly live: ReactNode
  /** At the right of the top bar. */
  readonly tools?: ReactNode
  /** Above the filters. */
  readonly tabs?: ReactNode
  readonly searchLabel: string
  /** Beside the search. */
  readonly chips?: ReactNode
  /** The filters that are set, by their names in the address. */
  readonly filters: Readonly<Record<string, string | readonly string[] | null>>
  /** Members of the address that are no filters: they stay when filters are cleared. */
  readonly view?: Readonly<Record<string, string | null>>
  readonly count: number
  /** Of what is counted, where that is not what the page is of. */
  readonly rowNouns?: readonly [one: string, many: string]
  /** `By name.` */
  readonly order?: string
  /** Shown while there is nothing at all: what would be here, and the next command. */
  readonly nothingYet: {
    readonly icon: ReactNode
    readonly says: string
    readonly actions: ReactNode
  }
  /** Whether there is nothing at all, where that is not told by the count. */
  readonly isBare?: boolean
  /** Which rows there are none of, where that is more than a name. */
  readonly noMatch?: string
  /** The way on from there, where it is not clearing filters. */
  readonly wayOn?: { readonly href: string; readonly words: string }
  /** null: no row on this page. */
  readonly table: ReactNode | null
  /** In place of the usual one. */
  readonly pager?: ReactNode
}

/** A page that lists one kind of thing: who may not see it, nothing yet, nothing that matches, or rows and the pages around. */
export async function listPage(
  { params, searchParams }: ListProps,
  { title, section, nouns: [one, many], needs }: ListAbout,
  show: (asked: ListAsked) => Promise<ListShown>,
) {
  const entered = await enterLive(params)
  const crumbs = [{ label: title }]
  if (!entered.ctx.access.scopes.has(needs))
    return <Denied entered={entered} crumbs={crumbs} what={`the ${many} of this workspace`} needs={needs} />
  const asked = await searchParams
  const name = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${entered.base}/${section}`
  const shown = await show({
    entered,
    asked,
    path,
    name,
    bounds: { pageSize, offset: (page - 1) * pageSize },
  })
  const { count, filters, nothingYet, wayOn = { href: path, words: 'Clear filters' } } = shown
  const filtered = Object.values(filters).some((value) => value !== null && value.length > 0)
  return (
    <>
      <TopBar crumbs={crumbs} titled>
        {shown.tools}
      </TopBar>
      {shown.live}
      <main id="main" tabIndex={-1} className="page">
        {(shown.isBare ?? (count === 0 && !filtered)) ? (
          <EmptyState icon={nothingYet.icon} fact={`No ${many} yet`} actions={nothingYet.actions}>
            {nothingYet.says}
          </EmptyState>
        ) : (
          <>
            {shown.tabs ? <div className="mb-3">{shown.tabs}</div> : null}
            <div className="scroll-quiet mb-2 flex flex-wrap items-center gap-2 max-sm:-mx-(--gutter) max-sm:flex-nowrap max-sm:overflow-x-auto max-sm:px-(--gutter) max-sm:py-0.5">
              <NameSearch
                // Another view begins with its own search.
                key={hrefWith('', shown.view ?? {})}
                path={path}
                label={shown.searchLabel}
                value={name}
                alone={!shown.chips}
              />
              {shown.chips}
            </div>
            {shown.table === null ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={shown.noMatch ?? (name === null ? `No more ${many}` : `No ${one} named ${name}`)}
                actions={
                  <ButtonLink href={wayOn.href} size="sm" kind="ghost">
                    {wayOn.words}
                  </ButtonLink>
                }
              />
            ) : (
              <>
                {shown.table}
                {shown.pager ?? (
                  <Pager {...turns(path, { ...shown.view, ...filters }, page, pageSize, count)}>
                    {shown.order ? `${shown.order} ` : ''}
                    {formatCount(count)} {(shown.rowNouns ?? [one, many])[count === 1 ? 0 : 1]}
                  </Pager>
                )}
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
