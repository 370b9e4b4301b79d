import type { Transaction } from '../../db/clients.ts'
import { type WorkPoolRow, workPoolColumns } from '../../db/rows/work-pool.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { onWorkPools, type WorkPoolFilter } from '../filters/work-filters.ts'

export const workPoolSorts = ['NAME_ASC', 'NAME_DESC', 'CREATED_DESC', 'UPDATED_DESC'] as const
export type WorkPoolSort = (typeof workPoolSorts)[number]

const orders = {
  NAME_ASC: (sql) => sql`p.name`,
  NAME_DESC: (sql) => sql`p.name desc`,
  CREATED_DESC: (sql) => sql`p.created_at desc, p.id desc`,
  UPDATED_DESC: (sql) => sql`p.updated_at desc, p.id desc`,
} as const satisfies Record<WorkPoolSort, (sql: Transaction) => Fragment>

export interface ListWorkPools {
  readonly filter: WorkPoolFilter | null
  readonly sort: WorkPoolSort
  readonly limit: number
  readonly offset: number
}

export async function listWorkPools(
  ctx: Context,
  { filter, sort, limit, offset }: ListWorkPools,
): Promise<readonly WorkPoolRow[]> {
  requireScope(ctx, 'see_work_pools')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<WorkPoolRow[]>`
      select ${workPoolColumns(sql)} from work_pools p
      where p.workspace_id = ${ctx.workspaceId} ${onWorkPools(sql, filter)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`,
  )
}

export async function countWorkPools(ctx: Context, filter: WorkPoolFilter | null): Promise<number> {
  requireScope(ctx, 'see_work_pools')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from work_pools p where p.workspace_id = ${ctx.workspaceId} ${onWorkPools(sql, filter)}`,
  )
  return row?.count ?? 0
}
