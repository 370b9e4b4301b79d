import type { Transaction } from '../../db/clients.ts'
import type { Creator } from '../../db/rows/work-pool.ts'
import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { lockPool } from '../work-pools/read-work-pool.ts'
import { firstFreePriority, makeRoomAt } from './priorities.ts'
import { workQueueEvent } from './work-queue-event.ts'

export interface NewWorkQueue {
  readonly name: string
  readonly description: string
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  /** null: the first that is free. Queues at and after it make room. */
  readonly priority: number | null
  readonly filter: RawJson | null
}

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
    const pausedBy = queue.isPaused ? creatorOf(ctx.actor) : null
    return insertWorkQueue(sql, ctx.workspaceId, pool.id, queue, pausedBy)
  })
  if (!row) throw queueNameTaken(queue.name)
  await recordObjectEvent(ctx, engine, workQueueEvent('created', row))
  return row
}

export const queueNameTaken = (name: string) =>
  new Conflict(
    `A work queue named ${name} already exists in this work pool. Change that one, or choose another name.`,
  )

/** The pool is locked. undefined when the name is taken; then nothing is changed. */
export async function insertWorkQueue(
  sql: Transaction,
  workspaceId: string,
  poolId: string,
  { name, description, isPaused, concurrencyLimit, priority, filter }: NewWorkQueue,
  pausedBy: Creator | null,
): Promise<WorkQueueRow | undefined> {
  const [taken] = await sql`
    select from work_queues q where q.workspace_id = ${workspaceId} and q.work_pool_id = ${poolId} and q.name = ${name}`
  if (taken) return undefined
  const place = priority ?? (await firstFreePriority(sql, workspaceId, poolId))
  if (priority !== null) await makeRoomAt(sql, workspaceId, poolId, place, null)
  const [row] = await sql<WorkQueueRow[]>`
    with q as (
      insert into work_queues (workspace_id, id, work_pool_id, name, description, is_paused, concurrency_limit, priority, filter, status, paused_by)
      values (${workspaceId}, ${uuidv7()}, ${poolId}, ${name}, ${description}, ${isPaused}, ${concurrencyLimit}, ${place},
              ${filter}::text::json, ${isPaused ? 'PAUSED' : 'NOT_READY'},
              ${pausedBy ? JSON.stringify(pausedBy) : null}::text::jsonb)
      returning *
    )
    select ${workQueueColumns(sql)} from q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id`
  return row
}
