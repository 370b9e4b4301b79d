import { type BlockTypeRow, blockTypeColumns } from '../../db/rows/block.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound, Problem } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { selectDocuments } from './block-documents.ts'
import { blockTypeEvent, recordDocumentEvent } from './block-events.ts'
import type { NewBlockType } from './create-block-type.ts'
import type { Vault } from './vault.ts'

/** What clients may say of a type anew, protected ones included: each version of a client has its own words. Absent: left. */
export async function updateBlockType(
  ctx: Context,
  engine: Engine,
  id: string,
  changes: Partial<Omit<NewBlockType, 'name' | 'slug'>>,
): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { logoUrl, documentationUrl, description, codeExample } = changes
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<BlockTypeRow[]>`
      update block_types t set updated_at = now()
        ${logoUrl === undefined ? sql`` : sql`, logo_url = ${logoUrl}`}
        ${documentationUrl === undefined ? sql`` : sql`, documentation_url = ${documentationUrl}`}
        ${description === undefined ? sql`` : sql`, description = ${description}`}
        ${codeExample === undefined ? sql`` : sql`, code_example = ${codeExample}`}
      where t.workspace_id = ${ctx.workspaceId} and t.id = ${id} returning ${blockTypeColumns(sql)}`,
  )
  if (!row) throw new NotFound('Block type')
  await recordObjectEvent(ctx, engine, blockTypeEvent('updated', row))
}

/** Documents of a deleted type that are told of one by one; with more of them the type's own event stands for the rest. */
const MAX_TOLD = 500

/** Deletes a type with its schemas and documents. Protected ones stay. */
export async function deleteBlockType(ctx: Context, engine: Engine, vault: Vault, id: string): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { workspaceId } = ctx
  const { type, documents } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [found] = await sql<BlockTypeRow[]>`
      select ${blockTypeColumns(sql)} from block_types t where t.workspace_id = ${workspaceId} and t.id = ${id} for update`
    if (!found) throw new NotFound('Block type')
    // Clients compare this sentence.
    if (found.isProtected) throw new Problem('not-allowed', 'protected block types cannot be deleted.')
    const its = await selectDocuments(sql, workspaceId, vault, {
      where: sql`and d.block_type_id = ${id} and not d.is_anonymous`,
      limit: MAX_TOLD,
    })
    await sql`delete from block_types where workspace_id = ${workspaceId} and id = ${id}`
    return { type: found, documents: its }
  })
  for (const document of documents) await recordDocumentEvent(ctx, engine, 'deleted', document)
  await recordObjectEvent(ctx, engine, blockTypeEvent('deleted', type))
}
