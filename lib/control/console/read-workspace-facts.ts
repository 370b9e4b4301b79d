import { readWorkspace } from '../../db/scope.ts'
import type { Context } from '../context.ts'
import { requireScope } from '../context.ts'

/** What the workspace page says of it. */
export async function readWorkspaceFacts(
  ctx: Context,
): Promise<{ readonly flows: number; readonly createdAt: string; readonly description: string } | null> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ flows: number; createdAt: string; description: string }[]>`
      select w.created_at as "createdAt", w.description, (select count(*)::int from flows f where f.workspace_id = w.id) as flows
      from workspaces w where w.id = ${ctx.workspaceId}`,
  )
  return row ?? null
}
