import { z } from 'zod'
import {
  createBlockSchema,
  deleteBlockSchema,
  listBlockSchemas,
  readBlockSchema,
} from '../../control/blocks/block-schemas.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { jsonObject, uuid } from '../schemas.ts'
import { blockSchemaFilter } from './schemas.ts'
import { blockSchemaAnswer, blockSchemaJson } from './wire.ts'

const tag = 'Blocks'
const see = { in: 'workspace', scope: 'see_blocks' } as const
const manage = { in: 'workspace', scope: 'manage_blocks' } as const
const byId = z.object({ id: uuid })

const create = route({
  method: 'POST',
  path: '/block_schemas/',
  permission: manage,
  summary: 'Register a block schema, or find the one of that checksum and version',
  tag,
  body: z.object({
    fields: jsonObject.optional(),
    block_type_id: uuid,
    capabilities: z.array(z.string().max(500)).max(1_000).default([]),
    version: z.string().max(500).default('non-versioned'),
  }),
  success: { 201: blockSchemaAnswer, 200: blockSchemaAnswer },
  errors: [404],
  handle: async ({ ctx, body, rawBody }) => {
    const { created, schema } = await createBlockSchema(ctx, {
      blockTypeId: body.block_type_id,
      fields: (body.fields && rawMember(rawBody, 'fields')) ?? ('{}' as RawJson),
      capabilities: body.capabilities,
      version: body.version,
    })
    return { status: created ? 201 : 200, rawJson: blockSchemaJson(schema) }
  },
})

const readByChecksum = route({
  method: 'GET',
  path: '/block_schemas/checksum/{checksum}',
  permission: see,
  summary: 'Read a block schema by its checksum',
  tag,
  params: z.object({ checksum: z.string().max(500) }),
  query: z.object({ version: z.string().max(500).optional() }),
  success: { 200: blockSchemaAnswer },
  errors: [404],
  handle: async ({ ctx, params, query }) => {
    const schema = await readBlockSchema(ctx, { checksum: params.checksum, version: query.version ?? null })
    return { status: 200, rawJson: blockSchemaJson(schema) }
  },
})

const read = route({
  method: 'GET',
  path: '/block_schemas/{id}',
  permission: see,
  summary: 'Read a block schema',
  tag,
  params: byId,
  success: { 200: blockSchemaAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: blockSchemaJson(await readBlockSchema(ctx, params)),
  }),
})

const filter = route({
  method: 'POST',
  path: '/block_schemas/filter',
  permission: see,
  summary: 'List block schemas, the newest first',
  tag,
  body: z.object({ block_schemas: blockSchemaFilter.optional(), limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(blockSchemaAnswer) },
  handle: async ({ ctx, body }) => {
    const schemas = await listBlockSchemas(ctx, {
      filters: body,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${schemas.map(blockSchemaJson).join(',')}]` }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/block_schemas/{id}',
  permission: manage,
  summary: 'Delete a block schema with its documents',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params }) => {
    await deleteBlockSchema(ctx, params.id)
    return { status: 204 }
  },
})

export const blockSchemaRoutes = [create, filter, readByChecksum, read, remove]
