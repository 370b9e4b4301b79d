import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { containing } from './columns.ts'

/** A block as a row: what it holds is not read for a list. */
export interface BlockListRow {
  readonly id: string
  readonly name: string
  readonly typeName: string
  readonly typeSlug: string
  readonly capabilities: readonly string[]
  readonly updatedAt: string
}

export interface BlockTypeListRow {
  readonly id: string
  readonly name: string
  readonly slug: string
  readonly description: string | null
  readonly documents: number
  readonly hasSchema: boolean
}

interface ListBlocks {
  readonly name: string | null
  readonly typeSlug: string | null
  readonly pageSize: number
  readonly offset: number
}

/** Blocks that somebody named, by type and name; those without a name belong to runs. */
export async function listBlocks(
  ctx: Context,
  input: ListBlocks,
): Promise<{ readonly rows: readonly BlockListRow[]; readonly count: number }> {
  requireScope(ctx, 'see_blocks')
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const from = sql`
      from block_documents d
      join block_types t on t.workspace_id = d.workspace_id and t.id = d.block_type_id
      join block_schemas s on s.workspace_id = d.workspace_id and s.id = d.block_schema_id
      where d.workspace_id = ${ctx.workspaceId} and not d.is_anonymous
        ${input.name ? sql`and (d.name ilike ${containing(input.name)} or t.name ilike ${containing(input.name)})` : sql``}
        ${input.typeSlug ? sql`and t.slug = ${input.typeSlug}` : sql``}`
    const [rows, [counted]] = await Promise.all([
      sql<BlockListRow[]>`
        select d.id, d.name, t.name as type_name, t.slug as type_slug, s.capabilities, d.updated_at
        ${from} order by t.name, d.name limit ${input.pageSize} offset ${input.offset}`,
      sql<{ count: number }[]>`select count(*)::int as count ${from}`,
    ])
    return { rows, count: counted?.count ?? 0 }
  })
}

/** The catalogue: types of blocks by name. */
export async function listBlockTypeRows(ctx: Context): Promise<readonly BlockTypeListRow[]> {
  requireScope(ctx, 'see_blocks')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<BlockTypeListRow[]>`
      select t.id, t.name, t.slug, t.description,
        (select count(*)::int from block_documents d where d.workspace_id = t.workspace_id and d.block_type_id = t.id and not d.is_anonymous) as documents,
        exists (select 1 from block_schemas s where s.workspace_id = t.workspace_id and s.block_type_id = t.id) as has_schema
      from block_types t where t.workspace_id = ${ctx.workspaceId} order by t.name limit 500`,
  )
}

export interface TypeSchema {
  readonly typeId: string
  readonly typeName: string
  readonly typeSlug: string
  readonly description: string | null
  readonly documentationUrl: string | null
  readonly codeExample: string | null
  readonly schemaId: string | null
  /** JSON text of the newest schema. */
  readonly fields: string | null
  readonly capabilities: readonly string[]
}

/** A type with its newest schema; null where there is none of this slug. */
export async function readTypeSchema(ctx: Context, slug: string): Promise<TypeSchema | null> {
  requireScope(ctx, 'see_blocks')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<TypeSchema[]>`
      select t.id as type_id, t.name as type_name, t.slug as type_slug, t.description, t.documentation_url, t.code_example,
        s.id as schema_id, s.fields::text as fields, coalesce(s.capabilities, '{}') as capabilities
      from block_types t
      left join lateral (
        select * from block_schemas n where n.workspace_id = t.workspace_id and n.block_type_id = t.id
        order by n.created_at desc, n.id desc limit 1
      ) s on true
      where t.workspace_id = ${ctx.workspaceId} and t.slug = ${slug}`,
  )
  return row ?? null
}

/** Names of the blocks of these types, by the type's slug. */
export async function listBlockChoices(
  ctx: Context,
  slugs: readonly string[],
): Promise<Readonly<Record<string, readonly { readonly id: string; readonly name: string }[]>>> {
  requireScope(ctx, 'see_blocks')
  if (slugs.length === 0) return {}
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ slug: string; id: string; name: string }[]>`
      select t.slug, d.id, d.name from block_documents d
      join block_types t on t.workspace_id = d.workspace_id and t.id = d.block_type_id
      where d.workspace_id = ${ctx.workspaceId} and t.slug = any(${[...slugs]}::text[]) and not d.is_anonymous
      order by d.name limit 1000`,
  )
  const choices = new Map<string, { id: string; name: string }[]>()
  for (const { slug, ...choice } of rows) choices.set(slug, [...(choices.get(slug) ?? []), choice])
  return Object.fromEntries(choices)
}
