import { type BlockTypeRow, blockTypeColumns } from '../../db/rows/block.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict, Problem } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { blockTypeEvent } from './block-events.ts'
import { ensureSystemBlockTypes, isSystemSlug } from './system-block-types.ts'

export interface NewBlockType {
  readonly name: string
  readonly slug: string
  readonly logoUrl: string | null
  readonly documentationUrl: string | null
  readonly description: string | null
  readonly codeExample: string | null
}

/** Throws Conflict when the slug is taken. */
export async function createBlockType(
  ctx: Context,
  engine: Engine,
  type: NewBlockType,
): Promise<BlockTypeRow> {
  requireScope(ctx, 'manage_blocks')
  if (/^prefect/i.test(type.name))
    throw new Problem('not-allowed', "Block type names beginning with 'Prefect' are reserved.")
  if (isSystemSlug(type.slug)) await ensureSystemBlockTypes(ctx)
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<BlockTypeRow[]>`
      insert into block_types as t (workspace_id, id, name, slug, logo_url, documentation_url, description, code_example)
      values (${ctx.workspaceId}, ${uuidv7()}, ${type.name}, ${type.slug}, ${type.logoUrl}, ${type.documentationUrl}, ${type.description}, ${type.codeExample})
      on conflict (workspace_id, slug) do nothing returning ${blockTypeColumns(sql)}`,
  )
  if (!row) throw new Conflict(`Block type with slug "${type.slug}" already exists`)
  await recordObjectEvent(ctx, engine, blockTypeEvent('created', row))
  return row
}
