import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { DEFAULT_STORAGE } from './read-default-storage.ts'

/** `null` clears it. Throws NotFound for a document that the workspace does not have. */
export async function setDefaultStorage(ctx: Context, blockDocumentId: string | null): Promise<void> {
  requireScope(ctx, 'write_workspace_settings')
  const { workspaceId } = ctx
  if (blockDocumentId !== null) {
    const found = await inWorkspace(
      ctx.db,
      workspaceId,
      (sql) =>
        sql`select from block_documents where workspace_id = ${workspaceId} and id = ${blockDocumentId}`,
      'read only',
    )
    if (found.count === 0) throw new NotFound('Block document')
  }
  // Pages may read their workspace's row; what changes it carries the tenant itself.
  await ctx.db.engine`
    update workspaces set updated_at = now(), settings = case when ${blockDocumentId}::text is null
      then settings - ${DEFAULT_STORAGE}
      else settings || jsonb_build_object(${DEFAULT_STORAGE}::text, ${blockDocumentId}::text) end
    where id = ${workspaceId}`
}
