import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** Throws NotFound. */
export async function renameTaskRun(ctx: Context, id: string, name: string): Promise<void> {
  requireScope(ctx, 'run_flows')
  const updated = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) =>
      sql`update task_runs set name = ${name}, updated_at = now() where workspace_id = ${ctx.workspaceId} and id = ${id}`,
  )
  if (updated.count === 0) throw new NotFound('Task run')
}
