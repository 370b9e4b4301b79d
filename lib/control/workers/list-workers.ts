import type { Transaction } from '../../db/clients.ts'
import { type WorkerRow, workerColumns } from '../../db/rows/worker.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { onWorkers, type WorkerFilter } from '../filters/work-filters.ts'
import { poolByName } from '../work-pools/read-work-pool.ts'

export const workerSorts = [
  'LAST_HEARTBEAT_DESC',
  'LAST_HEARTBEAT_ASC',
  'NAME_ASC',
  'NAME_DESC',
  'STATUS_ASC',
  'STATUS_DESC',
  'CLIENT_VERSION_ASC',
  'CLIENT_VERSION_DESC',
] as const
export type WorkerSort = (typeof workerSorts)[number]

const orders = {
  LAST_HEARTBEAT_DESC: (sql) => sql`w.last_heartbeat_at desc nulls last, w.name`,
  LAST_HEARTBEAT_ASC: (sql) => sql`w.last_heartbeat_at nulls first, w.name`,
  NAME_ASC: (sql) => sql`w.name`,
  NAME_DESC: (sql) => sql`w.name desc`,
  // OFFLINE comes before ONLINE in the alphabet, as clients sort it.
  STATUS_ASC: (sql) => sql`w.status, w.name`,
  STATUS_DESC: (sql) => sql`w.status desc, w.name`,
  CLIENT_VERSION_ASC: (sql) => sql`w.client_version, w.name`,
  CLIENT_VERSION_DESC: (sql) => sql`w.client_version desc nulls last, w.name`,
} as const satisfies Record<WorkerSort, (sql: Transaction) => Fragment>

export interface ListWorkers {
  readonly poolName: string
  readonly filter: WorkerFilter | null
  readonly sort: WorkerSort
  readonly limit: number
  readonly offset: number
}

/** Workers of a pool. Throws NotFound when there is no such pool. */
export async function listWorkers(
  ctx: Context,
  { poolName, filter, sort, limit, offset }: ListWorkers,
): Promise<readonly WorkerRow[]> {
  requireScope(ctx, 'see_workers')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, poolName)
    return sql<WorkerRow[]>`
      select ${workerColumns(sql)} from workers w
      where w.workspace_id = ${workspaceId} and w.work_pool_id = ${pool.id} ${onWorkers(sql, filter)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`
  })
}

/** Throws NotFound when there is no such pool. */
export async function countWorkers(
  ctx: Context,
  { poolName, filter }: Pick<ListWorkers, 'poolName' | 'filter'>,
): Promise<number> {
  requireScope(ctx, 'see_workers')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, poolName)
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count from workers w
      where w.workspace_id = ${workspaceId} and w.work_pool_id = ${pool.id} ${onWorkers(sql, filter)}`
    return row?.count ?? 0
  })
}

/** Throws NotFound. */
export async function readWorker(ctx: Context, poolName: string, id: string): Promise<WorkerRow> {
  requireScope(ctx, 'see_workers')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, poolName)
    const [row] = await sql<WorkerRow[]>`
      select ${workerColumns(sql)} from workers w
      where w.workspace_id = ${workspaceId} and w.work_pool_id = ${pool.id} and w.id = ${id}`
    if (!row) throw new NotFound('Worker')
    return row
  })
}
