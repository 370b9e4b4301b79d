import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { Operators } from '../filters/operators.ts'
import { type FlowRunFilter, RunConditions, type RunFilters } from '../filters/run-filters.ts'

export async function countFlowRuns(ctx: Context, filters: RunFilters): Promise<number> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(ctx.db, ctx.workspaceId, (sql) => selectFlowRunCount(sql, ctx.workspaceId, filters))
}

export async function selectFlowRunCount(
  sql: Transaction,
  workspaceId: string,
  filters: RunFilters,
): Promise<number> {
  const counted = countedByState(filters)
  const [row] = counted
    ? await fromRollups(sql, workspaceId, counted)
    : await sql<{ count: number }[]>`
        select count(*)::int as count from flow_runs r
        where r.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlowRuns(filters)}`
  return row?.count ?? 0
}

type ByState = Pick<FlowRunFilter, 'state'> & { readonly flowIds?: readonly string[] | undefined }

/** What the rollups can answer: everything, by state, by flow. null: the rows must be counted. */
export function countedByState(filters: RunFilters): ByState | null {
  const { flows, flow_runs, ...others } = filters
  if (Object.values(others).some(Boolean)) return null
  const flowParts = given(flows)
  if (flowParts.some((key) => key !== 'id') || flows?.id?.not_any_) return null
  if (given(flow_runs).some((key) => key !== 'state')) return null
  return { state: flow_runs?.state, flowIds: flows?.id?.any_ ?? undefined }
}

const given = (filter: object | null | undefined): string[] =>
  Object.entries(filter ?? {})
    .filter(([key, value]) => key !== 'operator' && value !== null && value !== undefined)
    .map(([key]) => key)

/** Runs are counted as they move, and the counts are folded from minutes into hours: each run stands in one of the three tables. */
function fromRollups(sql: Transaction, workspaceId: string, { state, flowIds }: ByState) {
  const is = new Operators(sql)
  const where = sql`
    c.workspace_id = ${workspaceId} and c.kind = 'flow-run'
    ${is.and(is.join([flowIds ? is.ids(sql`c.flow_id`, { any_: flowIds }) : null, is.state(sql`c`, state)]))}`
  return sql<{ count: number }[]>`
    select coalesce(sum(runs), 0)::int as count from (
      select sum(c.runs) as runs from run_counts_hourly c where ${where}
      union all select sum(c.runs) from run_counts c where ${where}
      union all select sum(c.runs) from run_count_deltas c where ${where}
    ) counted`
}
