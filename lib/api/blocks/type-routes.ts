import { z } from 'zod'
import { listBlockDocuments, readBlockDocument } from '../../control/blocks/block-documents.ts'
import { createBlockType } from '../../control/blocks/create-block-type.ts'
import { listBlockCapabilities, listBlockTypes } from '../../control/blocks/list-block-types.ts'
import { readBlockType } from '../../control/blocks/read-block-type.ts'
import { installSystemBlockTypes } from '../../control/blocks/system-block-types.ts'
import { deleteBlockType, updateBlockType } from '../../control/blocks/update-block-type.ts'
import { vaultOf } from '../../control/blocks/vault.ts'
import { limit, limitOf, MAX_LIMIT, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { objectName, uuid } from '../schemas.ts'
import { blockSchemaFilter, blockTypeFilter, includeSecrets, slug } from './schemas.ts'
import { blockDocumentAnswer, blockDocumentJson, blockTypeAnswer, wireBlockType } from './wire.ts'

const tag = 'Blocks'
const see = { in: 'workspace', scope: 'see_blocks' } as const
const manage = { in: 'workspace', scope: 'manage_blocks' } as const
const byId = z.object({ id: uuid })
const bySlug = z.object({ slug: z.string().max(500) })
const words = z.string().max(100_000).nullish()

const create = route({
  method: 'POST',
  path: '/block_types/',
  permission: manage,
  summary: 'Create a block type',
  tag,
  body: z.object({
    name: objectName,
    slug,
    logo_url: words,
    documentation_url: words,
    description: words,
    code_example: words,
  }),
  success: { 201: blockTypeAnswer },
  errors: [409],
  handle: async ({ ctx, body, services }) => {
    const row = await createBlockType(ctx, services.engine, {
      name: body.name,
      slug: body.slug,
      logoUrl: body.logo_url ?? null,
      documentationUrl: body.documentation_url ?? null,
      description: body.description ?? null,
      codeExample: body.code_example ?? null,
    })
    return { status: 201, json: wireBlockType(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/block_types/{id}',
  permission: see,
  summary: 'Read a block type',
  tag,
  params: byId,
  success: { 200: blockTypeAnswer },
  handle: async ({ ctx, params }) => ({ status: 200, json: wireBlockType(await readBlockType(ctx, params)) }),
})

const readBySlug = route({
  method: 'GET',
  path: '/block_types/slug/{slug}',
  permission: see,
  summary: 'Read a block type by its slug',
  tag,
  params: bySlug,
  success: { 200: blockTypeAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({ status: 200, json: wireBlockType(await readBlockType(ctx, params)) }),
})

const filter = route({
  method: 'POST',
  path: '/block_types/filter',
  permission: see,
  summary: 'List block types',
  tag,
  body: z.object({
    block_types: blockTypeFilter.optional(),
    block_schemas: blockSchemaFilter.optional(),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(blockTypeAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listBlockTypes(ctx, { filters: body, limit: limitOf(body.limit), offset: body.offset })
    return { status: 200, json: rows.map(wireBlockType) }
  },
})

const update = route({
  method: 'PATCH',
  path: '/block_types/{id}',
  permission: manage,
  summary: 'Change what a block type says of itself',
  tag,
  params: byId,
  body: z.object({ logo_url: words, documentation_url: words, description: words, code_example: words }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body, services }) => {
    await updateBlockType(ctx, services.engine, params.id, {
      logoUrl: body.logo_url,
      documentationUrl: body.documentation_url,
      description: body.description,
      codeExample: body.code_example,
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/block_types/{id}',
  permission: manage,
  summary: 'Delete a block type with its schemas and documents',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteBlockType(ctx, services.engine, vaultOf(services.authSecret), params.id)
    return { status: 204 }
  },
})

const install = route({
  method: 'POST',
  path: '/block_types/install_system_block_types',
  permission: manage,
  summary: 'Make sure that the block types exist that every workspace has',
  tag,
  body: z.unknown(),
  bodyOptional: true,
  success: { 200: z.null() },
  handle: async ({ ctx }) => {
    await installSystemBlockTypes(ctx)
    return { status: 200, rawJson: 'null' }
  },
})

const documentsOfType = route({
  method: 'GET',
  path: '/block_types/slug/{slug}/block_documents',
  permission: see,
  summary: 'List the block documents of a type; secrets need see_secret_blocks, and leave an event',
  tag,
  params: bySlug,
  query: z.object({ include_secrets: includeSecrets }),
  success: { 200: z.array(blockDocumentAnswer) },
  errors: [404],
  handle: async ({ ctx, params, query, services }) => {
    const { id } = await readBlockType(ctx, params)
    const documents = await listBlockDocuments(ctx, vaultOf(services.authSecret), {
      filters: { block_documents: { block_type_id: { any_: [id] }, is_anonymous: { eq_: false } } },
      secrets: query.include_secrets && services.engine,
      sort: 'NAME_ASC',
      limit: MAX_LIMIT,
      offset: 0,
    })
    return { status: 200, rawJson: `[${documents.map(blockDocumentJson).join(',')}]` }
  },
})

const documentByName = route({
  method: 'GET',
  path: '/block_types/slug/{slug}/block_documents/name/{block_document_name}',
  permission: see,
  summary: 'Read a block document by its type and name; secrets need see_secret_blocks, and leave an event',
  tag,
  params: z.object({ slug: z.string().max(500), block_document_name: z.string().max(500) }),
  query: z.object({ include_secrets: includeSecrets }),
  success: { 200: blockDocumentAnswer },
  errors: [404],
  handle: async ({ ctx, params, query, services }) => {
    const which = { slug: params.slug, name: params.block_document_name }
    return {
      status: 200,
      rawJson: blockDocumentJson(
        await readBlockDocument(
          ctx,
          vaultOf(services.authSecret),
          which,
          query.include_secrets && services.engine,
        ),
      ),
    }
  },
})

const capabilities = route({
  method: 'GET',
  path: '/block_capabilities/',
  permission: see,
  summary: 'List what blocks of the workspace can do',
  tag,
  success: { 200: z.array(z.string()) },
  handle: async ({ ctx }) => ({ status: 200, json: await listBlockCapabilities(ctx) }),
})

export const blockTypeRoutes = [
  create,
  filter,
  install,
  readBySlug,
  documentsOfType,
  documentByName,
  read,
  update,
  remove,
  capabilities,
]
