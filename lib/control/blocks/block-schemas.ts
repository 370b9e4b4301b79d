import type { Transaction } from '../../db/clients.ts'
import {
  type BlockSchemaRow,
  type BlockTypeRow,
  blockSchemaColumns,
  blockTypeColumns,
} from '../../db/rows/block.ts'
import { inWorkspace, readWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { parseLosslessObject } from '../../domain/lossless-json.ts'
import { BadInput, NotFound, Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { BlockConditions } from '../filters/block-filters.ts'
import { schemaChecksum } from './checksum.ts'
import type { BlockPage } from './list-block-types.ts'

export interface BlockSchema extends BlockSchemaRow {
  readonly type: BlockTypeRow
}

/** Schemas with their types, in the order of the query that picked them. */
async function withTypes(
  sql: Transaction,
  workspaceId: string,
  schemas: readonly BlockSchemaRow[],
): Promise<BlockSchema[]> {
  const ids = [...new Set(schemas.map((schema) => schema.blockTypeId))]
  if (ids.length === 0) return []
  const types = await sql<BlockTypeRow[]>`
    select ${blockTypeColumns(sql)} from block_types t where t.workspace_id = ${workspaceId} and t.id = any(${ids}::uuid[])`
  const byId = new Map(types.map((type) => [type.id, type]))
  return schemas.flatMap((schema) => {
    const type = byId.get(schema.blockTypeId)
    return type ? [{ ...schema, type }] : []
  })
}

export interface NewBlockSchema {
  readonly blockTypeId: string
  readonly fields: RawJson
  readonly capabilities: readonly string[]
  readonly version: string
}

/** Registers a schema, or finds the one of the same checksum and version. Throws NotFound for an unknown type. */
export async function createBlockSchema(
  ctx: Context,
  schema: NewBlockSchema,
): Promise<{ created: boolean; schema: BlockSchema }> {
  requireScope(ctx, 'manage_blocks')
  const fields = parseLosslessObject(schema.fields)
  if (!fields)
    throw new BadInput('The fields of a block schema are a JSON object, nested 500 levels deep at most.')
  const checksum = schemaChecksum(fields)
  const { workspaceId } = ctx
  return inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [type] = await sql<BlockTypeRow[]>`
      select ${blockTypeColumns(sql)} from block_types t where t.workspace_id = ${workspaceId} and t.id = ${schema.blockTypeId}`
    if (!type) throw new Problem('not-found', `Block type ${schema.blockTypeId} not found.`)
    const [made] = await sql<BlockSchemaRow[]>`
      insert into block_schemas as s (workspace_id, id, block_type_id, checksum, fields, capabilities, version)
      values (${workspaceId}, ${uuidv7()}, ${type.id}, ${checksum}, ${schema.fields}::text::json, ${[...schema.capabilities]}::text[], ${schema.version})
      on conflict (workspace_id, checksum, version) do nothing returning ${blockSchemaColumns(sql)}`
    if (made) return { created: true, schema: { ...made, type } }
    const [known] = await withTypes(
      sql,
      workspaceId,
      await sql<BlockSchemaRow[]>`
        select ${blockSchemaColumns(sql)} from block_schemas s
        where s.workspace_id = ${workspaceId} and s.checksum = ${checksum} and s.version = ${schema.version}`,
    )
    if (!known) throw new NotFound('Block schema')
    return { created: false, schema: known }
  })
}

/** By id, or by checksum: then the newest of them, unless a version is named. Throws NotFound. */
export async function readBlockSchema(
  ctx: Context,
  by: { readonly id: string } | { readonly checksum: string; readonly version: string | null },
): Promise<BlockSchema> {
  requireScope(ctx, 'see_blocks')
  const { workspaceId } = ctx
  const [schema] = await readWorkspace(ctx.db, workspaceId, async (sql) => {
    const which =
      'id' in by
        ? sql`s.id = ${by.id}`
        : sql`s.checksum = ${by.checksum} ${by.version === null ? sql`` : sql`and s.version = ${by.version}`}`
    const found = await sql<BlockSchemaRow[]>`
      select ${blockSchemaColumns(sql)} from block_schemas s
      where s.workspace_id = ${workspaceId} and ${which} order by s.created_at desc, s.id desc limit 1`
    return withTypes(sql, workspaceId, found)
  })
  if (!schema) throw new NotFound('Block schema')
  return schema
}

export async function listBlockSchemas(
  ctx: Context,
  { filters, limit, offset }: BlockPage,
): Promise<readonly BlockSchema[]> {
  requireScope(ctx, 'see_blocks')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const is = new BlockConditions(sql)
    const found = await sql<BlockSchemaRow[]>`
      select ${blockSchemaColumns(sql)} from block_schemas s
      where s.workspace_id = ${workspaceId} ${is.and(is.schema(filters.block_schemas))}
      order by s.created_at desc, s.id desc limit ${limit} offset ${offset}`
    return withTypes(sql, workspaceId, found)
  })
}

/** Deletes a schema with its documents. Those of protected types stay. */
export async function deleteBlockSchema(ctx: Context, id: string): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { workspaceId } = ctx
  await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [found] = await sql<{ isProtected: boolean }[]>`
      select t.is_protected from block_schemas s join block_types t on t.workspace_id = s.workspace_id and t.id = s.block_type_id
      where s.workspace_id = ${workspaceId} and s.id = ${id}`
    if (!found) throw new NotFound('Block schema')
    if (found.isProtected)
      throw new Problem('not-allowed', 'Block schemas for protected block types cannot be deleted.')
    await sql`delete from block_schemas where workspace_id = ${workspaceId} and id = ${id}`
  })
}
