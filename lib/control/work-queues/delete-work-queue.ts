import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import { Conflict, NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { findWorkQueue, type WhichQueue } from './read-work-queue.ts'
import { workQueueEvent } from './work-queue-event.ts'

/** Throws NotFound, and Conflict for the queue that its pool falls back on. */
export async function deleteWorkQueue(
  ctx: Context,
  engine: Engine,
  which: WhichQueue,
): Promise<WorkQueueRow> {
  requireScope(ctx, 'manage_work_queues')
  const { workspaceId } = ctx
  const row = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const found = await findWorkQueue(sql, workspaceId, which)
    const [gone] = await sql<WorkQueueRow[]>`
      delete from work_queues q using work_pools p
      where q.workspace_id = ${workspaceId} and q.id = ${found.id} and p.workspace_id = q.workspace_id and p.id = q.work_pool_id
        and p.default_queue_id <> q.id
      returning ${workQueueColumns(sql)}`
    if (gone) return gone
    const [still] =
      await sql`select from work_queues where workspace_id = ${workspaceId} and id = ${found.id}`
    if (!still) throw new NotFound('Work queue')
    throw new Conflict(
      `${found.name} is the default queue of the work pool ${found.workPoolName}, which cannot be without one. Delete the pool instead.`,
    )
  })
  await recordObjectEvent(ctx, engine, workQueueEvent('deleted', row))
  return row
}
