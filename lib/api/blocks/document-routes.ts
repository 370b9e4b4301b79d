import { z } from 'zod'
import {
  countBlockDocuments,
  createBlockDocument,
  deleteBlockDocument,
  documentSorts,
  listBlockDocuments,
  readBlockDocument,
  updateBlockDocument,
} from '../../control/blocks/block-documents.ts'
import { vaultOf } from '../../control/blocks/vault.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { jsonObject, uuid } from '../schemas.ts'
import { blockDocumentFilter, blockSchemaFilter, blockTypeFilter, includeSecrets } from './schemas.ts'
import { blockDocumentAnswer, blockDocumentJson } from './wire.ts'

const tag = 'Blocks'
const see = { in: 'workspace', scope: 'see_blocks' } as const
const manage = { in: 'workspace', scope: 'manage_blocks' } as const
const byId = z.object({ id: uuid })
const EMPTY = '{}' as RawJson

const filters = {
  block_documents: blockDocumentFilter.optional(),
  block_types: blockTypeFilter.optional(),
  block_schemas: blockSchemaFilter.optional(),
}

const create = route({
  method: 'POST',
  path: '/block_documents/',
  permission: manage,
  summary: 'Create a block document',
  tag,
  body: z.object({
    name: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[a-z0-9-]+$/, 'name must only contain lowercase letters, numbers, and dashes.')
      .optional(),
    data: jsonObject.optional(),
    block_schema_id: uuid,
    block_type_id: uuid,
    is_anonymous: z.boolean().default(false),
  }),
  success: { 201: blockDocumentAnswer },
  errors: [404, 409],
  handle: async ({ ctx, body, rawBody, services }) => {
    const document = await createBlockDocument(ctx, services.engine, vaultOf(services.authSecret), {
      name: body.name ?? null,
      data: (body.data && rawMember(rawBody, 'data')) ?? EMPTY,
      blockSchemaId: body.block_schema_id,
      blockTypeId: body.block_type_id,
      isAnonymous: body.is_anonymous,
    })
    return { status: 201, rawJson: blockDocumentJson(document) }
  },
})

const read = route({
  method: 'GET',
  path: '/block_documents/{id}',
  permission: see,
  summary: 'Read a block document; secrets need see_secret_blocks, and leave an event',
  tag,
  params: byId,
  query: z.object({ include_secrets: includeSecrets }),
  success: { 200: blockDocumentAnswer },
  handle: async ({ ctx, params, query, services }) => ({
    status: 200,
    rawJson: blockDocumentJson(
      await readBlockDocument(
        ctx,
        vaultOf(services.authSecret),
        params,
        query.include_secrets && services.engine,
      ),
    ),
  }),
})

const filter = route({
  method: 'POST',
  path: '/block_documents/filter',
  permission: see,
  summary: 'List block documents; secrets need see_secret_blocks, and leave an event',
  tag,
  body: z.object({
    ...filters,
    include_secrets: z.boolean().default(false),
    sort: z.enum(documentSorts).default('NAME_ASC'),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(blockDocumentAnswer) },
  handle: async ({ ctx, body, services }) => {
    const documents = await listBlockDocuments(ctx, vaultOf(services.authSecret), {
      filters: body,
      secrets: body.include_secrets && services.engine,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${documents.map(blockDocumentJson).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/block_documents/count',
  permission: see,
  summary: 'Count block documents',
  tag,
  body: z.object(filters),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countBlockDocuments(ctx, body) }),
})

const update = route({
  method: 'PATCH',
  path: '/block_documents/{id}',
  permission: manage,
  summary: 'Change the data of a block document',
  tag,
  params: byId,
  body: z.object({
    data: jsonObject.nullish(),
    block_schema_id: uuid.nullish(),
    merge_existing_data: z.boolean().nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateBlockDocument(ctx, services.engine, vaultOf(services.authSecret), {
      id: params.id,
      data: body.data ? (rawMember(rawBody, 'data') ?? null) : null,
      blockSchemaId: body.block_schema_id ?? null,
      // Nothing sent replaces nothing.
      mergeExistingData: body.data ? (body.merge_existing_data ?? true) : true,
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/block_documents/{id}',
  permission: manage,
  summary: 'Delete a block document',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteBlockDocument(ctx, services.engine, vaultOf(services.authSecret), params.id)
    return { status: 204 }
  },
})

export const blockDocumentRoutes = [create, filter, count, read, update, remove]
