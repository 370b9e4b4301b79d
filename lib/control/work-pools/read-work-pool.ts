import type { Transaction } from '../../db/clients.ts'
import { type WorkPoolRow, workPoolColumns } from '../../db/rows/work-pool.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export const poolNotFound = (name: string): NotFound => new NotFound(`Work pool "${name}"`)

/** Throws NotFound. */
export async function readWorkPool(ctx: Context, name: string): Promise<WorkPoolRow> {
  requireScope(ctx, 'see_work_pools')
  return readWorkspace(ctx.db, ctx.workspaceId, (sql) => poolByName(sql, ctx.workspaceId, name))
}

/** Throws NotFound. */
export async function poolByName(sql: Transaction, workspaceId: string, name: string): Promise<WorkPoolRow> {
  const [row] = await sql<WorkPoolRow[]>`
    select ${workPoolColumns(sql)} from work_pools p where p.workspace_id = ${workspaceId} and p.name = ${name}`
  if (!row) throw poolNotFound(name)
  return row
}

/** Holds the pool until the transaction ends: changes of its queues' priorities happen one after another. Throws NotFound. */
export async function lockPool(
  sql: Transaction,
  workspaceId: string,
  which: { readonly name: string } | { readonly id: string },
): Promise<{ readonly id: string; readonly name: string; readonly defaultQueueId: string }> {
  const [row] = await sql<{ id: string; name: string; defaultQueueId: string }[]>`
    select p.id, p.name, p.default_queue_id from work_pools p
    where p.workspace_id = ${workspaceId} and ${'id' in which ? sql`p.id = ${which.id}` : sql`p.name = ${which.name}`} for update`
  if (!row) throw 'id' in which ? new NotFound('Work pool') : poolNotFound(which.name)
  return row
}
