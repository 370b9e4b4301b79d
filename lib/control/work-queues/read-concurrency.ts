import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { SlotHolder } from '../work-pools/read-concurrency.ts'
import { findWorkQueue, type WhichQueue } from './read-work-queue.ts'

export interface QueueConcurrency {
  readonly activeSlots: number
  readonly concurrencyLimit: number | null
  readonly holders: readonly SlotHolder[]
}

/** Who takes the slots of a queue: a page of runs, the first that took theirs first. Throws NotFound. */
export async function readQueueConcurrency(
  ctx: Context,
  which: WhichQueue,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<QueueConcurrency> {
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const queue = await findWorkQueue(sql, workspaceId, which)
    const holders = await sql<SlotHolder[]>`
      select r.id, r.name, r.state_type, r.state_name, r.start_at, r.state_at
      from run_claims c join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
      where c.workspace_id = ${workspaceId} and c.work_queue_id = ${queue.id}
      order by c.claimed_at, c.run_id limit ${limit} offset ${offset}`
    return { activeSlots: queue.activeSlots, concurrencyLimit: queue.concurrencyLimit, holders }
  })
}
