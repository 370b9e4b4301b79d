import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { nameIn } from '#app/_server/found.ts'
import { whyNot } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { Markdown } from '#app/_ui/markdown.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { ensureSystemBlockTypes } from '#lib/control/blocks/system-block-types.ts'
import { listBlockChoices, readTypeSchema } from '#lib/control/console/list-blocks.ts'
import { BlockForm } from '../../_block/block-form.tsx'
import { formOfSchema } from '../../_block/block-schema.ts'

export const metadata: Metadata = { title: 'New block' }

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly slug: string }>
}

export default async function NewBlockPage({ params }: Props) {
  const entered = await enter(params)
  const { ctx, base } = entered
  const slug = nameIn((await params).slug)
  const crumbs = [
    { label: 'Blocks', href: `${base}/blocks` },
    { label: 'Types', href: `${base}/blocks/catalog` },
  ]
  if (!ctx.access.scopes.has('see_blocks'))
    return <Denied entered={entered} crumbs={crumbs} what="the blocks of this workspace" needs="see_blocks" />
  let type = await readTypeSchema(ctx, slug)
  if (!type) {
    await ensureSystemBlockTypes(ctx)
    type = await readTypeSchema(ctx, slug)
  }
  if (!type) notFound()
  const why = whyNot(entered, 'manage_blocks')
  const { secrets, blockTypes } = formOfSchema(type.fields)
  const choices = await listBlockChoices(ctx, blockTypes)
  return (
    <>
      <TopBar crumbs={[...crumbs, { label: type.typeName }]} />
      <LiveTopicOf topic="runs" />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={`New ${type.typeName}`}
          badge={type.capabilities.length > 0 ? <Tags tags={type.capabilities} most={4} wrap /> : undefined}
        />
        {type.description ? (
          <div className="mb-4 text-ink-2">
            <Markdown text={type.description} />
          </div>
        ) : null}
        {why === null && type.schemaId && type.fields ? (
          <BlockForm
            base={base}
            typeId={type.typeId}
            schemaId={type.schemaId}
            fields={type.fields}
            secrets={secrets}
            choices={choices}
            block={null}
          />
        ) : (
          <p className="text-ink-2">
            {type.schemaId ? why : 'It has no schema yet: register the package that brings it.'}
          </p>
        )}
      </main>
    </>
  )
}
