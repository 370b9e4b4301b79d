import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { pageServices } from '#app/_server/services.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { readBlockDocument } from '#lib/control/blocks/block-documents.ts'
import { vaultOf } from '#lib/control/blocks/vault.ts'
import { listBlockChoices } from '#lib/control/console/list-blocks.ts'
import { type LosslessObject, writeLossless } from '#lib/domain/lossless-json.ts'
import { BlockForm } from '../../../_block/block-form.tsx'
import { formOfSchema } from '../../../_block/block-schema.ts'

export const metadata: Metadata = { title: 'Edit block' }

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly block_id: string }>
}

export default async function EditBlockPage({ params }: Props) {
  const entered = await enter(params)
  const { ctx, base } = entered
  const id = (await params).block_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Blocks', href: `${base}/blocks` }
  if (!ctx.access.scopes.has('manage_blocks'))
    return <Denied entered={entered} crumbs={[list]} what="the form of a block" needs="manage_blocks" />
  const block = await found(readBlockDocument(ctx, vaultOf(pageServices().authSecret), { id }, false))
  const { secrets, blockTypes } = formOfSchema(block.schema.fields)
  const choices = await listBlockChoices(ctx, blockTypes)
  // What stands for another block goes back as a reference, not as what that block holds.
  const data: LosslessObject = new Map(
    [...block.data].map(([field, value]) => {
      const inner = block.references.get(field)
      return [field, inner ? new Map([['$ref', new Map([['block_document_id', inner.id]])]]) : value]
    }),
  )
  return (
    <>
      <TopBar crumbs={[list, { label: block.name, href: `${base}/blocks/block/${id}` }, { label: 'Edit' }]} />
      <LiveTopicOf topic="runs" />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader title={`Edit ${block.name}`} sub={block.type.name} />
        <BlockForm
          base={base}
          typeId={block.type.id}
          schemaId={block.schema.id}
          fields={block.schema.fields}
          secrets={secrets}
          choices={choices}
          block={{ id, name: block.name, data: writeLossless(data) }}
        />
      </main>
    </>
  )
}
