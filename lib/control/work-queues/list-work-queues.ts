import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { onWorkQueues, type WorkQueueFilter } from '../filters/work-filters.ts'
import { poolByName } from '../work-pools/read-work-pool.ts'

export interface ListWorkQueues {
  /** null: of all pools. */
  readonly poolName: string | null
  readonly filter: WorkQueueFilter | null
  readonly limit: number
  readonly offset: number
}

/** Queues of one pool in the order in which they are served, or of all by name. Throws NotFound when there is no such pool. */
export async function listWorkQueues(
  ctx: Context,
  { poolName, filter, limit, offset }: ListWorkQueues,
): Promise<readonly WorkQueueRow[]> {
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = poolName === null ? null : await poolByName(sql, workspaceId, poolName)
    return sql<WorkQueueRow[]>`
      select ${workQueueColumns(sql)} from work_queues q
      join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      where q.workspace_id = ${workspaceId} ${pool ? sql`and q.work_pool_id = ${pool.id}` : sql``} ${onWorkQueues(sql, filter)}
      order by ${pool ? sql`q.priority, q.name` : sql`q.name, q.id`} limit ${limit} offset ${offset}`
  })
}

/** Throws NotFound when there is no such pool. */
export async function countWorkQueues(
  ctx: Context,
  { poolName, filter }: Pick<ListWorkQueues, 'poolName' | 'filter'>,
): Promise<number> {
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = poolName === null ? null : await poolByName(sql, workspaceId, poolName)
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count from work_queues q
      where q.workspace_id = ${workspaceId} ${pool ? sql`and q.work_pool_id = ${pool.id}` : sql``} ${onWorkQueues(sql, filter)}`
    return row?.count ?? 0
  })
}
