import { type BlockTypeRow, blockTypeColumns } from '../../db/rows/block.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { BlockConditions, type BlockFilters } from '../filters/block-filters.ts'
import { ensureSystemBlockTypes } from './system-block-types.ts'

export interface BlockPage {
  readonly filters: BlockFilters
  readonly limit: number
  readonly offset: number
}

export async function listBlockTypes(
  ctx: Context,
  { filters, limit, offset }: BlockPage,
): Promise<readonly BlockTypeRow[]> {
  requireScope(ctx, 'see_blocks')
  const { workspaceId } = ctx
  const { rows, seeded } = await readWorkspace(ctx.db, workspaceId, async (sql) => {
    const is = new BlockConditions(sql)
    const [found, known] = await Promise.all([
      sql<BlockTypeRow[]>`
        select ${blockTypeColumns(sql)} from block_types t
        where t.workspace_id = ${workspaceId} ${is.and(
          is.type(filters.block_types),
          is.hasSchema(workspaceId, filters.block_schemas),
        )}
        order by t.name, t.id limit ${limit} offset ${offset}`,
      sql`select 1 from block_types where workspace_id = ${workspaceId} and is_protected limit 1`,
    ])
    return { rows: found, seeded: known.length > 0 }
  })
  if (seeded) return rows
  await ensureSystemBlockTypes(ctx)
  return listBlockTypes(ctx, { filters, limit, offset })
}

/** What blocks of this workspace can do. */
export async function listBlockCapabilities(ctx: Context): Promise<readonly string[]> {
  requireScope(ctx, 'see_blocks')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ capability: string }[]>`
      select distinct unnest(s.capabilities) as capability from block_schemas s where s.workspace_id = ${ctx.workspaceId} order by 1`,
  )
  return rows.map((row) => row.capability)
}
