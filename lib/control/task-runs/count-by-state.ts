import { readWorkspace } from '../../db/scope.ts'
import type { StateType } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'

/** Task runs that match, by the type of their state; types that none is in are left out. */
export async function countTaskRunsByState(
  ctx: Context,
  filters: RunFilters,
): Promise<ReadonlyMap<StateType, number>> {
  requireScope(ctx, 'see_flows')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ stateType: StateType; count: number }[]>`
      select t.state_type, count(*)::int as count from task_runs t
      where t.workspace_id = ${ctx.workspaceId} and t.state_type is not null ${new RunConditions(sql, ctx.workspaceId).onTaskRuns(filters)}
      group by 1`,
  )
  return new Map(rows.map((row) => [row.stateType, row.count]))
}

/** Task runs of each flow run. Flow runs without one are left out. */
export async function countTaskRunsOf(
  ctx: Context,
  flowRunIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  requireScope(ctx, 'see_flows')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ flowRunId: string; count: number }[]>`
      select t.flow_run_id, count(*)::int as count from task_runs t
      where t.workspace_id = ${ctx.workspaceId} and t.flow_run_id = any(${[...flowRunIds]}::uuid[])
      group by 1`,
  )
  return new Map(rows.map((row) => [row.flowRunId, row.count]))
}

export interface Outcomes {
  readonly completed: number
  readonly failed: number
}

/** Task runs that ended well and badly, in `buckets` intervals of their start between two instants. */
export async function taskRunOutcomes(
  ctx: Context,
  input: {
    readonly filters: RunFilters
    readonly fromMicros: number
    readonly toMicros: number
    readonly buckets: number
  },
): Promise<readonly Outcomes[]> {
  requireScope(ctx, 'see_flows')
  const { filters, fromMicros, toMicros, buckets } = input
  const seconds = Math.max(1, toMicros - fromMicros) / 1e6 / buckets
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<(Outcomes & { bucket: number })[]>`
      select least(${buckets - 1}::int, greatest(0, floor(extract(epoch from coalesce(t.start_at, t.expected_start_at) - ${formatInstant(fromMicros)}::timestamptz)::float8 / ${seconds}::float8)::int)) as bucket,
        (count(*) filter (where t.state_type = 'COMPLETED'))::int as completed,
        (count(*) filter (where t.state_type in ('FAILED', 'CRASHED')))::int as failed
      from task_runs t
      where t.workspace_id = ${ctx.workspaceId} and coalesce(t.start_at, t.expected_start_at) is not null
        ${new RunConditions(sql, ctx.workspaceId).onTaskRuns(filters)}
      group by 1`,
  )
  const found = new Map(rows.map((row) => [row.bucket, row]))
  return Array.from({ length: buckets }, (_, i) => ({
    completed: found.get(i)?.completed ?? 0,
    failed: found.get(i)?.failed ?? 0,
  }))
}
