import type { Transaction } from '../../db/clients.ts'
import { type FlowRow, flowColumns } from '../../db/rows/flow.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'

export const flowSorts = [
  'NAME_ASC',
  'NAME_DESC',
  'CREATED_DESC',
  'CREATED_ASC',
  'UPDATED_DESC',
  'UPDATED_ASC',
] as const
export type FlowSort = (typeof flowSorts)[number]

const orders = {
  NAME_ASC: (sql) => sql`f.name`,
  NAME_DESC: (sql) => sql`f.name desc`,
  CREATED_DESC: (sql) => sql`f.created_at desc, f.id desc`,
  CREATED_ASC: (sql) => sql`f.created_at, f.id`,
  UPDATED_DESC: (sql) => sql`f.updated_at desc, f.id desc`,
  UPDATED_ASC: (sql) => sql`f.updated_at, f.id`,
} as const satisfies Record<FlowSort, (sql: Transaction) => Fragment>

export interface ListFlows {
  readonly filters: RunFilters
  readonly sort: FlowSort
  readonly limit: number
  readonly offset: number
}

export async function listFlows(ctx: Context, input: ListFlows): Promise<readonly FlowRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FlowRow[]>`
      select ${flowColumns(sql)} from flows f
      where f.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onFlows(input.filters)}
      order by ${orders[input.sort](sql)} limit ${input.limit} offset ${input.offset}`,
  )
}

export async function countFlows(ctx: Context, filters: RunFilters): Promise<number> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from flows f
      where f.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onFlows(filters)}`,
  )
  return row?.count ?? 0
}
