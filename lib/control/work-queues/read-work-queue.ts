import type { Transaction } from '../../db/clients.ts'
import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { poolByName } from '../work-pools/read-work-pool.ts'

export type WhichQueue = { readonly id: string } | { readonly poolName: string; readonly name: string }

/** `q` is work_queues, `p` its work_pools. */
export const isWorkQueue = (sql: Transaction, which: WhichQueue): Fragment =>
  'id' in which ? sql`q.id = ${which.id}` : sql`p.name = ${which.poolName} and q.name = ${which.name}`

/** Throws NotFound, for the pool when that is what is missing. */
export async function readWorkQueue(ctx: Context, which: WhichQueue): Promise<WorkQueueRow> {
  requireScope(ctx, 'see_work_queues')
  return readWorkspace(ctx.db, ctx.workspaceId, (sql) => findWorkQueue(sql, ctx.workspaceId, which))
}

export async function findWorkQueue(
  sql: Transaction,
  workspaceId: string,
  which: WhichQueue,
): Promise<WorkQueueRow> {
  const [row] = await sql<WorkQueueRow[]>`
    select ${workQueueColumns(sql)} from work_queues q
    join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    where q.workspace_id = ${workspaceId} and ${isWorkQueue(sql, which)}`
  if (row) return row
  if ('poolName' in which) await poolByName(sql, workspaceId, which.poolName)
  throw new NotFound('Work queue')
}
