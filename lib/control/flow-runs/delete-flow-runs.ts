import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { removeFlowRuns } from './remove-flow-runs.ts'

/** Deletes a run with its task runs, states and log lines. Throws NotFound. */
export async function deleteFlowRun(ctx: Context, id: string): Promise<void> {
  requireScope(ctx, 'manage_flows')
  const deleted = await inWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    removeFlowRuns(sql, ctx.workspaceId, [id]),
  )
  if (deleted.length === 0) throw new NotFound('Flow run')
}

/** Deletes the runs that match, `limit` at most, the oldest first; answers their ids. */
export async function deleteFlowRuns(
  ctx: Context,
  filters: RunFilters,
  limit: number,
): Promise<readonly string[]> {
  requireScope(ctx, 'manage_flows')
  const { workspaceId } = ctx
  return inWorkspace(ctx.db, workspaceId, async (sql) => {
    // Locked in the order of their keys, as the engine does, so that neither waits for the other in a circle.
    const found = await sql<{ id: string }[]>`
      select r.id from flow_runs r where r.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlowRuns(filters)}
      order by r.id limit ${limit} for update`
    return found.length === 0
      ? []
      : removeFlowRuns(
          sql,
          workspaceId,
          found.map((run) => run.id),
        )
  })
}
