import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import { Conflict } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { lockPool } from '../work-pools/read-work-pool.ts'
import { insertWorkQueue, type NewWorkQueue } from './insert-work-queue.ts'
import { workQueueEvent } from './work-queue-event.ts'

/** Throws NotFound when there is no such pool, Conflict when the name is taken. */
export async function createWorkQueue(
  ctx: Context,
  engine: Engine,
  poolName: string,
  queue: NewWorkQueue,
): Promise<WorkQueueRow> {
  requireScope(ctx, 'write_work_queues')
  const row = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const pool = await lockPool(sql, ctx.workspaceId, { name: poolName })
    return insertWorkQueue(sql, ctx.workspaceId, pool.id, queue, creatorOf(ctx.actor))
  })
  if (!row) throw queueNameTaken(queue.name)
  await recordObjectEvent(ctx, engine, workQueueEvent('created', row))
  return row
}

export const queueNameTaken = (name: string) =>
  new Conflict(
    `A work queue named ${name} already exists in this work pool. Change that one, or choose another name.`,
  )
