import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { readWorkspace } from '../../db/scope.ts'
import { parseInstant } from '../../domain/time.ts'
import { POLLED_LATELY_SECONDS } from '../../domain/work/status.ts'
import { type Context, requireScope } from '../context.ts'
import { findWorkQueue, type WhichQueue } from './read-work-queue.ts'

export interface QueueHealth {
  readonly queue: WorkQueueRow
  readonly lateRuns: number
  readonly isHealthy: boolean
}

/** Healthy: no run is late, and somebody polls. Throws NotFound. */
export async function readQueueHealth(ctx: Context, which: WhichQueue): Promise<QueueHealth> {
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const queue = await findWorkQueue(sql, workspaceId, which)
    const [late] = await sql<{ count: number }[]>`
      select count(*)::int as count from flow_runs r
      where r.workspace_id = ${workspaceId} and r.work_queue_id = ${queue.id} and r.next_scheduled_start_at is not null
        and r.state_type = 'SCHEDULED' and r.state_name = 'Late'`
    const lateRuns = late?.count ?? 0
    const polled = queue.lastPolledAt === null ? undefined : parseInstant(queue.lastPolledAt)
    const isPolled = polled !== undefined && ctx.nowMicros() - polled <= POLLED_LATELY_SECONDS * 1e6
    return { queue, lateRuns, isHealthy: lateRuns === 0 && isPolled }
  })
}
