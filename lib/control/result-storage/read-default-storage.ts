import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** The member of workspaces.settings. */
export const DEFAULT_STORAGE = 'default_result_storage_block_id'

/** The block document where results are kept that say nothing else; null: where the client runs. A document that is gone counts as none. */
export async function readDefaultStorage(ctx: Context): Promise<string | null> {
  requireScope(ctx, 'see_blocks')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ id: string }[]>`
      select d.id from workspaces w
      join block_documents d on d.workspace_id = w.id and d.id::text = w.settings ->> ${DEFAULT_STORAGE}
      where w.id = ${ctx.workspaceId}`,
  )
  return row?.id ?? null
}
