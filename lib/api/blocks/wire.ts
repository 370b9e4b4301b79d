import { z } from 'zod'
import type { BlockDocument } from '../../control/blocks/block-documents.ts'
import type { BlockSchema } from '../../control/blocks/block-schemas.ts'
import type { BlockTypeRow } from '../../db/rows/block.ts'
import { writeLossless } from '../../domain/lossless-json.ts'

const when = z.iso.datetime()

export const blockTypeAnswer = z
  .object({
    id: z.uuid(),
    created: when,
    updated: when,
    name: z.string(),
    slug: z.string(),
    logo_url: z.string().nullable(),
    documentation_url: z.string().nullable(),
    description: z.string().nullable(),
    code_example: z.string().nullable(),
    is_protected: z.boolean(),
  })
  .meta({ id: 'BlockType' })

export const blockSchemaAnswer = z
  .object({
    id: z.uuid(),
    created: when,
    updated: when,
    checksum: z.string(),
    fields: z.record(z.string(), z.unknown()),
    block_type_id: z.uuid(),
    block_type: blockTypeAnswer,
    capabilities: z.array(z.string()),
    version: z.string(),
  })
  .meta({ id: 'BlockSchema' })

export const blockDocumentAnswer = z
  .object({
    id: z.uuid(),
    created: when,
    updated: when,
    name: z.string(),
    data: z.record(z.string(), z.unknown()),
    block_schema_id: z.uuid(),
    block_schema: blockSchemaAnswer,
    block_type_id: z.uuid(),
    block_type_name: z.string(),
    block_type: blockTypeAnswer,
    block_document_references: z.record(z.string(), z.record(z.string(), z.unknown())),
    is_anonymous: z.boolean(),
  })
  .meta({ id: 'BlockDocument' })

export const wireBlockType = (row: BlockTypeRow) => ({
  id: row.id,
  created: row.createdAt,
  updated: row.updatedAt,
  name: row.name,
  slug: row.slug,
  logo_url: row.logoUrl,
  documentation_url: row.documentationUrl,
  description: row.description,
  code_example: row.codeExample,
  is_protected: row.isProtected,
})

/** JSON text: the fields go through as they were sent. */
export function blockSchemaJson(schema: BlockSchema): string {
  const fields = JSON.stringify({
    id: schema.id,
    created: schema.createdAt,
    updated: schema.updatedAt,
    checksum: schema.checksum,
    block_type_id: schema.blockTypeId,
    block_type: wireBlockType(schema.type),
    capabilities: schema.capabilities,
    version: schema.version,
  })
  return `${fields.slice(0, -1)},"fields":${schema.fields}}`
}

export function blockDocumentJson(document: BlockDocument): string {
  const fields = JSON.stringify({
    id: document.id,
    created: document.createdAt,
    updated: document.updatedAt,
    name: document.name,
    block_schema_id: document.blockSchemaId,
    block_type_id: document.blockTypeId,
    block_type_name: document.type.name,
    block_type: wireBlockType(document.type),
    block_document_references: wireReferences(document),
    is_anonymous: document.isAnonymous,
  })
  const schema = blockSchemaJson({ ...document.schema, type: document.type })
  return `${fields.slice(0, -1)},"data":${writeLossless(document.data)},"block_schema":${schema}}`
}

const wireReferences = (document: BlockDocument): Record<string, unknown> =>
  Object.fromEntries(
    [...document.references].map(([field, inner]) => [
      field,
      {
        block_document: {
          id: inner.id,
          name: inner.name,
          block_type: wireBlockType(inner.type),
          is_anonymous: inner.isAnonymous,
          block_document_references: wireReferences(inner),
        },
      },
    ]),
  )
