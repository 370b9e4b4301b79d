import type { Transaction } from '../../db/clients.ts'
import { type DeploymentRow, deploymentColumns, fromDeployments } from '../../db/rows/deployment.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { limitOfDeployment, RunConditions, type RunFilters } from '../filters/run-filters.ts'

export const deploymentSorts = [
  'NAME_ASC',
  'NAME_DESC',
  'CREATED_DESC',
  'CREATED_ASC',
  'UPDATED_DESC',
  'UPDATED_ASC',
  'CONCURRENCY_LIMIT_ASC',
  'CONCURRENCY_LIMIT_DESC',
] as const
export type DeploymentSort = (typeof deploymentSorts)[number]

const orders = {
  NAME_ASC: (sql) => sql`d.name, d.id`,
  NAME_DESC: (sql) => sql`d.name desc, d.id desc`,
  CREATED_DESC: (sql) => sql`d.created_at desc, d.id desc`,
  CREATED_ASC: (sql) => sql`d.created_at, d.id`,
  UPDATED_DESC: (sql) => sql`d.updated_at desc, d.id desc`,
  UPDATED_ASC: (sql) => sql`d.updated_at, d.id`,
  // Without a limit last, whichever way.
  CONCURRENCY_LIMIT_ASC: (sql) => sql`${limitOfDeployment(sql)} nulls last, d.id`,
  CONCURRENCY_LIMIT_DESC: (sql) => sql`${limitOfDeployment(sql)} desc nulls last, d.id desc`,
} as const satisfies Record<DeploymentSort, (sql: Transaction) => Fragment>

export interface ListDeployments {
  readonly filters: RunFilters
  readonly sort: DeploymentSort
  readonly limit: number
  readonly offset: number
}

export async function listDeployments(
  ctx: Context,
  { filters, sort, limit, offset }: ListDeployments,
): Promise<readonly DeploymentRow[]> {
  requireScope(ctx, 'see_deployments')
  const { workspaceId } = ctx
  // The page is picked before limits and schedules are looked up, which only its rows need.
  return readWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<DeploymentRow[]>`
      select ${deploymentColumns(sql)} ${fromDeployments(sql)}
      where d.workspace_id = ${workspaceId} and d.id = any(array(
        select d.id from deployments d
        where d.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onDeployments(filters)}
        order by ${orders[sort](sql)} limit ${limit} offset ${offset}))
      order by ${orders[sort](sql)}`,
  )
}

export async function countDeployments(ctx: Context, filters: RunFilters): Promise<number> {
  requireScope(ctx, 'see_deployments')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from deployments d
      where d.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onDeployments(filters)}`,
  )
  return row?.count ?? 0
}
