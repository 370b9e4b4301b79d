import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'
import { happenedOf, POLLED_LATELY_SECONDS, type WorkStatus } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { pausedBy } from '../paused-by.ts'
import { isUniqueViolation } from '../users/unique-violation.ts'
import { lockPool } from '../work-pools/read-work-pool.ts'
import { changedFields } from '../work-pools/work-pool-event.ts'
import { queueNameTaken } from './create-work-queue.ts'
import type { NewWorkQueue } from './insert-work-queue.ts'
import { makeRoomAt } from './priorities.ts'
import { findWorkQueue, type WhichQueue } from './read-work-queue.ts'
import { workQueueEvent } from './work-queue-event.ts'

export interface WorkQueueChanges extends Partial<Omit<NewWorkQueue, 'priority'>> {
  readonly priority?: number
  /** Microseconds since 1970. */
  readonly lastPolledMicros?: number
}

/** Absent members are left as they are. Throws NotFound, Conflict when the new name is taken. */
export async function updateWorkQueue(
  ctx: Context,
  engine: Engine,
  which: WhichQueue,
  changes: WorkQueueChanges,
): Promise<WorkQueueRow> {
  requireScope(ctx, 'write_work_queues')
  const { name, description, isPaused, concurrencyLimit, priority, filter, lastPolledMicros } = changes
  const { workspaceId } = ctx
  const [before, after] = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const found = await findWorkQueue(sql, workspaceId, which)
    await lockPool(sql, workspaceId, { id: found.workPoolId })
    const old = await findWorkQueue(sql, workspaceId, { id: found.id })
    if (priority !== undefined && priority !== old.priority) {
      await makeRoomAt(sql, workspaceId, old.workPoolId, priority, old.id)
    }
    const status =
      isPaused === undefined || isPaused === old.isPaused ? null : statusOf(isPaused, old, ctx.nowMicros())
    const [row] = await sql<WorkQueueRow[]>`
      update work_queues q set updated_at = now(), updated_by = ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb
        ${name === undefined ? sql`` : sql`, name = ${name}`}
        ${description === undefined ? sql`` : sql`, description = ${description}`}
        ${isPaused === undefined ? sql`` : sql`, is_paused = ${isPaused}, paused_by = ${pausedBy(sql, ctx, isPaused, sql`q`)}`}
        ${concurrencyLimit === undefined ? sql`` : sql`, concurrency_limit = ${concurrencyLimit}`}
        ${priority === undefined ? sql`` : sql`, priority = ${priority}`}
        ${filter === undefined ? sql`` : sql`, filter = ${filter}::text::json`}
        ${lastPolledMicros === undefined ? sql`` : sql`, last_polled_at = ${formatInstant(lastPolledMicros)}`}
        ${status === null ? sql`` : sql`, status = ${status}, status_changed_at = now()`}
      from work_pools p
      where q.workspace_id = ${workspaceId} and q.id = ${old.id} and p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      returning ${workQueueColumns(sql)}`
    if (!row) throw new NotFound('Work queue')
    return [old, row] as const
  }).catch((error: unknown) => {
    throw name !== undefined && isUniqueViolation(error) ? queueNameTaken(name) : error
  })
  const json = JSON.stringify
  const told = changedFields({
    name: [json(before.name), json(after.name)],
    description: [json(before.description), json(after.description)],
    concurrency_limit: [json(before.concurrencyLimit), json(after.concurrencyLimit)],
    priority: [json(before.priority), json(after.priority)],
  })
  if (told) await recordObjectEvent(ctx, engine, workQueueEvent('updated', after, told))
  // What no event tells of: another filter, who polled last.
  else
    engine.announce(workspaceId, [{ kind: 'object', noun: 'work-queue', id: after.id, happened: 'updated' }])
  if (before.status !== after.status) {
    await recordObjectEvent(ctx, engine, workQueueEvent(happenedOf[after.status], after))
  }
  return after
}

function statusOf(isPaused: boolean, { lastPolledAt }: WorkQueueRow, nowMicros: number): WorkStatus {
  if (isPaused) return 'PAUSED'
  const polled = lastPolledAt === null ? undefined : parseInstant(lastPolledAt)
  return polled !== undefined && nowMicros - polled < POLLED_LATELY_SECONDS * 1e6 ? 'READY' : 'NOT_READY'
}
