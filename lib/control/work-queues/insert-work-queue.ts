import type { Transaction } from '../../db/clients.ts'
import type { Creator } from '../../db/rows/work-pool.ts'
import { type WorkQueueRow, workQueueColumns } from '../../db/rows/work-queue.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { RawJson } from '../../domain/state.ts'
import { firstFreePriority, makeRoomAt } from './priorities.ts'

export interface NewWorkQueue {
  readonly name: string
  readonly description: string
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  /** null: the first that is free. Queues at and after it make room. */
  readonly priority: number | null
  readonly filter: RawJson | null
}

/** A queue of which nothing but its name was said. */
export const plainQueue = (name: string): NewWorkQueue => ({
  name,
  description: '',
  isPaused: false,
  concurrencyLimit: null,
  priority: null,
  filter: null,
})

/**
 * The one maker of queues, whoever asks for one: by its name, or by deploying to a queue that is not there yet. (A pool's first queue
 * comes with the pool, in its statement.) The pool is locked. undefined when the name is taken; then nothing is changed.
 */
export async function insertWorkQueue(
  sql: Transaction,
  workspaceId: string,
  poolId: string,
  { name, description, isPaused, concurrencyLimit, priority, filter }: NewWorkQueue,
  by: Creator,
): Promise<WorkQueueRow | undefined> {
  const [taken] = await sql`
    select from work_queues q where q.workspace_id = ${workspaceId} and q.work_pool_id = ${poolId} and q.name = ${name}`
  if (taken) return undefined
  const place = priority ?? (await firstFreePriority(sql, workspaceId, poolId))
  if (priority !== null) await makeRoomAt(sql, workspaceId, poolId, place, null)
  const creator = JSON.stringify(by)
  const [row] = await sql<WorkQueueRow[]>`
    with q as (
      insert into work_queues (workspace_id, id, work_pool_id, name, description, is_paused, concurrency_limit, priority, filter, status, paused_by,
        created_by, updated_by)
      values (${workspaceId}, ${uuidv7()}, ${poolId}, ${name}, ${description}, ${isPaused}, ${concurrencyLimit}, ${place},
              ${filter}::text::json, ${isPaused ? 'PAUSED' : 'NOT_READY'},
              ${isPaused ? creator : null}::text::jsonb, ${creator}::text::jsonb, ${creator}::text::jsonb)
      returning *
    )
    select ${workQueueColumns(sql)} from q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id`
  return row
}
