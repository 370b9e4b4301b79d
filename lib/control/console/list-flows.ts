import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { containing, countCap, flowRunColumns } from './columns.ts'
import type { FlowRunRow } from './rows.ts'

export interface FlowRow {
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly createdAt: string
  /** Its last runs, oldest first: at most 20. */
  readonly lastRuns: readonly FlowRunRow[]
}

export interface FlowPage {
  readonly rows: readonly FlowRow[]
  readonly hasMore: boolean
  readonly count: number
}

/** Flows by name, from after the given name on. */
export async function listFlows(
  ctx: Context,
  input: { readonly name: string | null; readonly after: string | null; readonly pageSize: number },
): Promise<FlowPage> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const where = sql`f.workspace_id = ${ctx.workspaceId} ${input.name ? sql`and f.name ilike ${containing(input.name)}` : sql``}`
    const [flows, counted] = await Promise.all([
      sql<Omit<FlowRow, 'lastRuns'>[]>`
        select f.id, f.name, f.tags, f.created_at as "createdAt" from flows f
        where ${where} ${input.after === null ? sql`` : sql`and f.name > ${input.after}`}
        order by f.name limit ${input.pageSize + 1}`,
      sql<
        { count: number }[]
      >`select count(*)::int as count from (select 1 from flows f where ${where} limit ${countCap + 1}) counted`,
    ])
    const shown = flows.slice(0, input.pageSize)
    const runs = await lastRunsOf(
      sql,
      ctx.workspaceId,
      shown.map((flow) => flow.id),
    )
    return {
      rows: shown.map((flow) => ({
        ...flow,
        lastRuns: runs.filter((run) => run.flowId === flow.id).reverse(),
      })),
      hasMore: flows.length > input.pageSize,
      count: counted[0]?.count ?? 0,
    }
  })
}

/** The last 20 runs of each flow that have begun or whose time has come, newest first. */
export const lastRunsOf = (sql: Transaction, workspaceId: string, flowIds: readonly string[]) => sql<
  FlowRunRow[]
>`
  select ${flowRunColumns(sql)}
  from flows f cross join lateral (
    select * from flow_runs l
    where l.workspace_id = f.workspace_id and l.flow_id = f.id and l.expected_start_at <= now()
    order by l.expected_start_at desc, l.id desc limit 20
  ) r
  where f.workspace_id = ${workspaceId} and f.id = any(${[...flowIds]}::uuid[])
  order by r.expected_start_at desc, r.id desc`
