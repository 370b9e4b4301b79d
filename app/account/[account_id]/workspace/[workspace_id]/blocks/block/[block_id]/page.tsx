import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { prettyLossless, readSchema } from '#app/_forms/schema.ts'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { pageServices } from '#app/_server/services.ts'
import { whyNot } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Card, Fact, Facts } from '#app/_ui/card.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import { type BlockDocument, readBlockDocument } from '#lib/control/blocks/block-documents.ts'
import { OBFUSCATED } from '#lib/control/blocks/document-data.ts'
import { vaultOf } from '#lib/control/blocks/vault.ts'
import type { Context } from '#lib/control/context.ts'
import type { Lossless } from '#lib/domain/lossless-json.ts'
import { DeleteBlock } from '../../_block/delete-block.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly block_id: string }>
}

// Secrets never leave the server for a page.
const blockOf = cache(async (ctx: Context, id: string) =>
  found(readBlockDocument(ctx, vaultOf(pageServices().authSecret), { id }, false)),
)

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { block_id } = await params
  if (!isUuid(block_id) || !ctx.access.scopes.has('see_blocks')) return { title: 'Block' }
  return { title: (await blockOf(ctx, block_id.toLowerCase())).name }
}

export default async function BlockPage({ params }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).block_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Blocks', href: `${base}/blocks` }
  if (!ctx.access.scopes.has('see_blocks'))
    return <Denied entered={entered} crumbs={[list]} what="the blocks of this workspace" needs="see_blocks" />
  const block = await blockOf(ctx, id)
  const why = whyNot(entered, 'manage_blocks')
  return (
    <>
      <TopBar crumbs={[list, { label: block.name }]} />
      <RefreshOn
        nouns={['block-document']}
        id={id}
        cursor={cursor}
        mortal={{ id: id, what: 'block', href: `${base}/blocks`, words: 'Open blocks' }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={block.name}
          actions={
            why === null ? (
              <>
                <ButtonLink href={`${base}/blocks/block/${id}/edit`}>Edit block</ButtonLink>
                <DeleteBlock base={base} id={id} name={block.name} />
              </>
            ) : (
              <>
                <Withheld why={why}>Edit block</Withheld>
                <Withheld why={why}>Delete block</Withheld>
              </>
            )
          }
        />
        <Facts className="mb-4">
          <Fact name="Type">
            <Link
              href={`${base}/blocks/catalog/${encodeURIComponent(block.type.slug)}`}
              className="title-link"
            >
              {block.type.name}
            </Link>
          </Fact>
          {block.schema.capabilities.length > 0 ? (
            <Fact name="Can">
              <Tags tags={block.schema.capabilities} most={6} wrap />
            </Fact>
          ) : null}
          <Fact name="Made">
            <Time at={block.createdAt} />
          </Fact>
          <Fact name="Changed">
            <Time at={block.updatedAt} />
          </Fact>
        </Facts>
        <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_360px]">
          <Card title="What it holds">
            <BlockData base={base} block={block} />
          </Card>
          <Card title="Use it">
            <div className="grid grid-cols-1 gap-2 p-4">
              <Command
                command={`Block.load("${block.type.slug}/${block.name}")`}
                prompt={null}
                label="Copy call in Python"
                wrap
              />
              <Command command={`prefect block inspect ${block.type.slug}/${block.name}`} wrap />
              <p className="text-ink-3 text-xs">
                Secrets are sealed. They are given to flows that load the block, and shown to nobody.
              </p>
            </div>
          </Card>
        </div>
      </main>
    </>
  )
}

function BlockData({ base, block }: { readonly base: string; readonly block: BlockDocument }) {
  const members = readSchema(block.schema.fields)
  const names = [...new Set([...members.map((member) => member.name), ...block.data.keys()])]
  if (names.length === 0) return <p className="px-4 py-3 text-ink-3">Nothing.</p>
  return (
    <table className="t inset">
      <caption className="sr-only">What the block holds</caption>
      <colgroup>
        <col className="w-2/5 sm:w-60" />
        <col />
      </colgroup>
      <tbody>
        {names.map((name) => {
          const field = members.find((member) => member.name === name)?.field
          const own = block.data.get(name)
          const fallback = own === undefined || own === null ? (field?.fallback ?? undefined) : undefined
          const inner = block.references.get(name)
          return (
            <tr key={name} className="align-top">
              <th scope="row" className="whitespace-normal! py-2! text-ink-2" title={name}>
                {field?.title ?? name}
              </th>
              <td className="whitespace-normal! py-2!">
                {inner ? (
                  <Link href={`${base}/blocks/block/${inner.id}`} className="link">
                    {inner.name}
                  </Link>
                ) : (
                  <span className={fallback === undefined ? undefined : 'text-ink-3'}>
                    <Value value={fallback ?? own} />
                    {fallback === undefined ? null : ' by default'}
                  </span>
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Value({ value }: { readonly value: Lossless | undefined }) {
  if (value === undefined || value === null) return <span className="text-ink-3">Not set</span>
  if (value === OBFUSCATED) return <span className="text-ink-3">Secret, sealed</span>
  if (value === true || value === false) return <>{value ? 'Yes' : 'No'}</>
  return (
    <pre className="max-h-80 overflow-auto whitespace-pre-wrap font-mono text-xs leading-[18px] [overflow-wrap:anywhere]">
      {typeof value === 'string'
        ? value || <span className="font-sans text-ink-3">Empty text</span>
        : prettyLossless(value)}
    </pre>
  )
}
