import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { removeTaskRun } from '../flow-runs/remove-flow-runs.ts'

/** Deletes a task run with its states. Throws NotFound. */
export async function deleteTaskRun(ctx: Context, id: string): Promise<void> {
  requireScope(ctx, 'manage_flows')
  const deleted = await inWorkspace(ctx.db, ctx.workspaceId, (sql) => removeTaskRun(sql, ctx.workspaceId, id))
  if (!deleted) throw new NotFound('Task run')
}
