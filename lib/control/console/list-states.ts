import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { StateRow } from './rows.ts'

/** The states that a run went through, oldest first. */
export async function listStates(
  ctx: Context,
  of: 'flow-run' | 'task-run',
  runId: string,
): Promise<readonly StateRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<StateRow[]>`
      select id, at, type, name, left(message, 20000) as message
      from ${of === 'flow-run' ? sql`flow_run_states` : sql`task_run_states`}
      where workspace_id = ${ctx.workspaceId} and run_id = ${runId} order by at, id limit 1000`,
  )
}
