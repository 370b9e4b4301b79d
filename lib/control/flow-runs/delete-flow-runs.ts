import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { removeFlowRuns } from './remove-flow-runs.ts'

/** Deletes a run with its task runs, states and log lines. Throws NotFound. */
export async function deleteFlowRun(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_flows')
  const { ids, signals } = await inWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    removeFlowRuns(sql, ctx.workspaceId, [id]),
  )
  engine.signals.emit(signals)
  if (ids.length === 0) throw new NotFound('Flow run')
}

/** Deletes the runs that match, `limit` at most, the oldest first; answers their ids. */
export async function deleteFlowRuns(
  ctx: Context,
  engine: Engine,
  filters: RunFilters,
  limit: number,
): Promise<readonly string[]> {
  requireScope(ctx, 'manage_flows')
  const { workspaceId } = ctx
  const { ids, signals } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    // Locked in the order of their keys, as the engine does, so that neither waits for the other in a circle.
    const found = await sql<{ id: string }[]>`
      select r.id from flow_runs r where r.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlowRuns(filters)}
      order by r.id limit ${limit} for update`
    return removeFlowRuns(
      sql,
      workspaceId,
      found.map((run) => run.id),
    )
  })
  engine.signals.emit(signals)
  return ids
}
