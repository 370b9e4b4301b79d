import { Box, ListFilter, Plus } from 'lucide-react'
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
import { NameSearch } from '#app/_ui/name-search.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { listBlocks } from '#lib/control/console/list-blocks.ts'

export const metadata: Metadata = { title: 'Blocks' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function BlocksPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Blocks' }]
  if (!ctx.access.scopes.has('see_blocks'))
    return <Denied entered={entered} crumbs={crumbs} what="the blocks of this workspace" needs="see_blocks" />
  const asked = await searchParams
  const name = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${base}/blocks`
  const { rows, count } = await listBlocks(ctx, {
    name,
    typeSlug: null,
    pageSize,
    offset: (page - 1) * pageSize,
  })
  const catalogue = `${path}/catalog`
  return (
    <>
      <TopBar crumbs={crumbs} titled>
        <ButtonLink
          href={catalogue}
          kind={ctx.access.scopes.has('manage_blocks') ? 'primary' : 'plain'}
          size="sm"
        >
          <Plus aria-hidden size={14} />
          New block
        </ButtonLink>
      </TopBar>
      <RefreshOn nouns={['block-document']} cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {count === 0 && name === null ? (
          <EmptyState
            icon={<Box size={16} />}
            fact="No blocks yet"
            actions={
              <div className="grid w-full max-w-100 grid-cols-1 justify-items-center gap-2">
                <Command command="prefect block register -m prefect_aws" className="w-full" />
                <ButtonLink href={catalogue} size="sm" kind="ghost">
                  Choose a type
                </ButtonLink>
              </div>
            }
          >
            A block keeps settings and secrets that flows load by name. Secrets are sealed and never shown
            again.
          </EmptyState>
        ) : (
          <>
            <div className="mb-2">
              <NameSearch path={path} label="Block or type" value={name} />
            </div>
            {rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={name === null ? 'No more blocks' : `No block named ${name}`}
                actions={
                  <ButtonLink href={path} size="sm" kind="ghost">
                    Clear filters
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <table className="t flush stack">
                  <caption className="sr-only">Blocks</caption>
                  <colgroup>
                    <col />
                    <col className="w-1/4" />
                    <col className="w-1/4 max-lg:hidden" />
                    <col style={{ width: 132 }} />
                  </colgroup>
                  <thead>
                    <tr>
                      <th scope="col">Block</th>
                      <th scope="col">Type</th>
                      <th scope="col" className="max-lg:hidden">
                        Can
                      </th>
                      <th scope="col">Changed</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.id}>
                        <td>
                          <Link
                            href={`${path}/block/${row.id}`}
                            className="row-link title-link block truncate font-medium"
                            title={row.name}
                          >
                            {row.name}
                          </Link>
                        </td>
                        <td className="end text-ink-2">{row.typeName}</td>
                        <td className="hide max-lg:hidden">
                          {row.capabilities.length > 0 ? (
                            <Tags tags={row.capabilities} most={3} />
                          ) : (
                            <span className="text-ink-3">–</span>
                          )}
                        </td>
                        <td className="whole text-ink-2 max-sm:text-ink-3 max-sm:text-xs">
                          <Ago at={row.updatedAt} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                <Pager {...turns(path, { name }, page, pageSize, count)}>
                  By type and name. {formatCount(count)} {count === 1 ? 'block' : 'blocks'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
