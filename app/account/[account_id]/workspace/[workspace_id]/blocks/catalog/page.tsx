import { Box } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { type SearchParams, textParam } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { ensureSystemBlockTypes } from '#lib/control/blocks/system-block-types.ts'
import { listBlockTypeRows } from '#lib/control/console/list-blocks.ts'

export const metadata: Metadata = { title: 'Block types' }

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function BlockCatalogPage({ params, searchParams }: Props) {
  const entered = await enter(params)
  const { ctx, base } = entered
  const crumbs = [{ label: 'Blocks', href: `${base}/blocks` }, { label: 'Types' }]
  if (!ctx.access.scopes.has('see_blocks'))
    return <Denied entered={entered} crumbs={crumbs} what="the blocks of this workspace" needs="see_blocks" />
  const name = textParam((await searchParams).name)
  let types = await listBlockTypeRows(ctx)
  if (types.length === 0) {
    // A workspace gets its own types with the first look at them.
    await ensureSystemBlockTypes(ctx)
    types = await listBlockTypeRows(ctx)
  }
  const wanted = name?.toLowerCase() ?? ''
  const shown = types.filter((type) =>
    `${type.name} ${type.description ?? ''}`.toLowerCase().includes(wanted),
  )
  const path = `${base}/blocks/catalog`
  return (
    <>
      <TopBar crumbs={crumbs} />
      <LiveTopicOf topic="runs" />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title="Choose a type"
          sub="Types come with your packages: registering one puts its types here."
        />
        <div className="mb-3 flex flex-wrap items-center gap-3">
          <NameSearch path={path} label="Block type" value={name} />
          <Command command="prefect block register -m prefect_aws" className="max-sm:w-full" />
        </div>
        {shown.length === 0 ? (
          <EmptyState icon={<Box size={16} />} fact={`No type like ${name}`}>
            Register the package that brings it.
          </EmptyState>
        ) : (
          <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2 xl:grid-cols-3">
            {shown.map((type) => (
              <li key={type.id} className="relative rounded-lg border border-line p-4 hover:bg-hover">
                <h2 className="font-medium">
                  <Link
                    href={`${path}/${encodeURIComponent(type.slug)}`}
                    className="title-link after:absolute after:inset-0 after:rounded-lg"
                  >
                    {type.name}
                  </Link>
                </h2>
                <p className="mt-0.5 line-clamp-2 min-h-10 text-ink-3">
                  {type.description ?? 'Without a description.'}
                </p>
                <p className="mt-1 text-2xs text-ink-3">
                  {type.documents === 0 ? 'None made' : `${formatCount(type.documents)} made`}
                  {type.hasSchema ? '' : ', no schema yet'}
                </p>
              </li>
            ))}
          </ul>
        )}
      </main>
    </>
  )
}
