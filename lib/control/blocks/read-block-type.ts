import { type BlockTypeRow, blockTypeColumns } from '../../db/rows/block.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { ensureSystemBlockTypes, isSystemSlug } from './system-block-types.ts'

/** By id or by slug. Throws NotFound. */
export async function readBlockType(
  ctx: Context,
  by: { readonly id: string } | { readonly slug: string },
): Promise<BlockTypeRow> {
  requireScope(ctx, 'see_blocks')
  const find = () =>
    readWorkspace(
      ctx.db,
      ctx.workspaceId,
      (sql) => sql<BlockTypeRow[]>`
        select ${blockTypeColumns(sql)} from block_types t
        where t.workspace_id = ${ctx.workspaceId} and ${'id' in by ? sql`t.id = ${by.id}` : sql`t.slug = ${by.slug}`}`,
    )
  let [row] = await find()
  if (!row && 'slug' in by && isSystemSlug(by.slug)) {
    await ensureSystemBlockTypes(ctx)
    ;[row] = await find()
  }
  if (!row) throw new NotFound('Block type')
  return row
}
