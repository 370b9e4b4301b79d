import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { WorkStatus } from '../../domain/work/status.ts'
import { type Context, requireScope } from '../context.ts'
import { containing } from './columns.ts'

/** A pool as a row of the list. */
export interface WorkPoolListRow {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly type: string
  readonly status: WorkStatus
  readonly concurrencyLimit: number | null
  readonly activeSlots: number
  readonly queues: number
  readonly workersOnline: number
  readonly workers: number
  /** Runs whose time has come and that nobody took yet. */
  readonly waiting: number
  readonly lastPolledAt: string | null
}

/** `p` is work_pools. */
export const workPoolListColumns = (sql: Transaction) => sql`
  p.id, p.name, p.description, p.type, p.status, p.concurrency_limit, p.last_polled_at,
  (select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) as active_slots,
  (select count(*)::int from work_queues q where q.workspace_id = p.workspace_id and q.work_pool_id = p.id) as queues,
  (select count(*)::int from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE') as workers_online,
  (select count(*)::int from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id) as workers,
  (select count(*)::int from work_queues q
   join flow_runs r on r.workspace_id = q.workspace_id and r.work_queue_id = q.id and r.next_scheduled_start_at <= now()
   where q.workspace_id = p.workspace_id and q.work_pool_id = p.id) as waiting`

/** Work pools by name. */
export async function listWorkPools(
  ctx: Context,
  input: { readonly name: string | null; readonly pageSize: number; readonly offset: number },
): Promise<{ readonly rows: readonly WorkPoolListRow[]; readonly count: number }> {
  requireScope(ctx, 'see_work_pools')
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const where = sql`p.workspace_id = ${ctx.workspaceId} ${input.name ? sql`and p.name ilike ${containing(input.name)}` : sql``}`
    const [rows, [counted]] = await Promise.all([
      sql<WorkPoolListRow[]>`
        select ${workPoolListColumns(sql)} from work_pools p where ${where} order by p.name limit ${input.pageSize} offset ${input.offset}`,
      sql<{ count: number }[]>`select count(*)::int as count from work_pools p where ${where}`,
    ])
    return { rows, count: counted?.count ?? 0 }
  })
}
