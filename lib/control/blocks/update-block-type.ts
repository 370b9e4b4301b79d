import { inWorkspace } from '../../db/scope.ts'
import { NotFound, Problem } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import type { NewBlockType } from './create-block-type.ts'

/** What clients may say of a type anew, protected ones included: each version of a client has its own words. Absent: left. */
export async function updateBlockType(
  ctx: Context,
  id: string,
  changes: Partial<Omit<NewBlockType, 'name' | 'slug'>>,
): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { logoUrl, documentationUrl, description, codeExample } = changes
  const updated = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`
      update block_types set updated_at = now()
        ${logoUrl === undefined ? sql`` : sql`, logo_url = ${logoUrl}`}
        ${documentationUrl === undefined ? sql`` : sql`, documentation_url = ${documentationUrl}`}
        ${description === undefined ? sql`` : sql`, description = ${description}`}
        ${codeExample === undefined ? sql`` : sql`, code_example = ${codeExample}`}
      where workspace_id = ${ctx.workspaceId} and id = ${id}`,
  )
  if (updated.count === 0) throw new NotFound('Block type')
}

/** Deletes a type with its schemas and documents. Protected ones stay. */
export async function deleteBlockType(ctx: Context, id: string): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [type] = await sql<{ isProtected: boolean }[]>`
      select is_protected from block_types where workspace_id = ${ctx.workspaceId} and id = ${id} for update`
    if (!type) throw new NotFound('Block type')
    // Clients compare this sentence.
    if (type.isProtected) throw new Problem('not-allowed', 'protected block types cannot be deleted.')
    await sql`delete from block_types where workspace_id = ${ctx.workspaceId} and id = ${id}`
  })
}
