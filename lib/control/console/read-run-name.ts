import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** `flow / run`; null for a run that is not there (any more). */
export async function readRunName(ctx: Context, flowRunId: string | null): Promise<string | null> {
  requireScope(ctx, 'see_flows')
  if (flowRunId === null) return null
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ name: string }[]>`
      select f.name || ' / ' || r.name as name from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where r.workspace_id = ${ctx.workspaceId} and r.id = ${flowRunId}`,
  )
  return row?.name ?? null
}
