import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { removeTaskRun } from '../flow-runs/remove-flow-runs.ts'

/** Deletes a task run with its states. Throws NotFound. */
export async function deleteTaskRun(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_flows')
  const { ids, signals } = await inWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    removeTaskRun(sql, ctx.workspaceId, id),
  )
  engine.signals.emit(signals)
  if (ids.length === 0) throw new NotFound('Task run')
}
