import type { Transaction } from '../../db/clients.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { type LosslessObject, parseLossless } from '../../domain/lossless-json.ts'
import { type Context, requireScope } from '../context.ts'
import { schemaChecksum } from './checksum.ts'

interface SystemBlockType {
  readonly name: string
  readonly slug: string
  readonly description: string
  readonly capabilities: readonly string[]
  readonly fields: object
}

/** Types that every workspace has and none can lose. Clients refresh the words, and add schemas of their own versions. */
const systemBlockTypes: readonly SystemBlockType[] = [
  {
    name: 'Webhook',
    slug: 'webhook',
    description: 'Calls an address over HTTP.',
    capabilities: [],
    fields: {
      block_schema_references: {},
      block_type_slug: 'webhook',
      properties: {
        method: {
          default: 'POST',
          enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
          title: 'Method',
          type: 'string',
        },
        url: { format: 'password', title: 'URL', type: 'string', writeOnly: true },
        headers: { title: 'Headers', type: 'object' },
        allow_private_urls: { default: true, title: 'Allow private addresses', type: 'boolean' },
        verify: { default: true, title: 'Verify certificates', type: 'boolean' },
      },
      required: ['url'],
      secret_fields: ['url', 'headers.*'],
      title: 'Webhook',
      type: 'object',
    },
  },
  {
    name: 'Secret',
    slug: 'secret',
    description: 'Holds one value that only those with permission may read.',
    capabilities: [],
    fields: {
      block_schema_references: {},
      block_type_slug: 'secret',
      properties: { value: { format: 'password', title: 'Value', writeOnly: true } },
      required: ['value'],
      secret_fields: ['value'],
      title: 'Secret',
      type: 'object',
    },
  },
  {
    name: 'Local File System',
    slug: 'local-file-system',
    description: 'Keeps data in a folder of the machine that runs the flow.',
    capabilities: ['read-path', 'write-path', 'get-directory', 'put-directory'],
    fields: {
      block_schema_references: {},
      block_type_slug: 'local-file-system',
      properties: {
        basepath: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Folder' },
      },
      secret_fields: [],
      title: 'LocalFileSystem',
      type: 'object',
    },
  },
]

export const isSystemSlug = (slug: string): boolean => systemBlockTypes.some((type) => type.slug === slug)

/** Makes those that the workspace lacks: nothing is seeded into a workspace before it is asked for. */
export async function installSystemBlockTypes(ctx: Context): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  await ensureSystemBlockTypes(ctx)
}

/** The same for whoever comes upon them first. */
export const ensureSystemBlockTypes = (ctx: Context): Promise<void> =>
  inWorkspace(ctx.db, ctx.workspaceId, (sql) => insertMissing(sql, ctx.workspaceId))

async function insertMissing(sql: Transaction, workspaceId: string): Promise<void> {
  for (const { name, slug, description, capabilities, fields } of systemBlockTypes) {
    const text = JSON.stringify(fields)
    // Safe: an object was just written.
    const checksum = schemaChecksum(parseLossless(text) as LosslessObject)
    await sql`
      with made as (
        insert into block_types (workspace_id, id, name, slug, description, is_protected)
        values (${workspaceId}, ${uuidv7()}, ${name}, ${slug}, ${description}, true)
        on conflict (workspace_id, slug) do update set is_protected = true where not block_types.is_protected
        returning id
      )
      insert into block_schemas (workspace_id, id, block_type_id, checksum, fields, capabilities)
      select ${workspaceId}, ${uuidv7()}, made.id, ${checksum}, ${text}::text::json, ${[...capabilities]}::text[] from made
      on conflict (workspace_id, checksum, version) do nothing`
  }
}
