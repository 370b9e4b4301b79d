import { readWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { lateSeconds } from './run-history.ts'

/** Mean seconds between expected and real start; null when no run matches. */
export async function flowRunLateness(ctx: Context, filters: RunFilters): Promise<number | null> {
  requireScope(ctx, 'see_flows')
  const now = formatInstant(ctx.nowMicros())
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ lateness: number | null }[]>`
      select avg(coalesce(${lateSeconds(sql, sql`r`, now)}, 0)) as lateness from flow_runs r
      where r.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onFlowRuns(filters)}`,
  )
  return row?.lateness ?? null
}
