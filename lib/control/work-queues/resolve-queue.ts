import type { Transaction } from '../../db/clients.ts'
import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import type { RawJson } from '../../domain/state.ts'
import { DEFAULT_POOL_NAME } from '../../domain/work/status.ts'
import type { Context } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { lockPool, poolNotFound } from '../work-pools/read-work-pool.ts'
import { insertWorkQueue, plainQueue } from './insert-work-queue.ts'

export interface QueueOfPool {
  readonly id: string
  readonly name: string
  readonly workPoolId: string
  readonly workPoolName: string
  readonly baseJobTemplate: RawJson
}

/**
 * The queue that these names mean: of the pool, or of the pool for agents where none is named (`ensureDefaultPool` has made it);
 * the pool's default queue where none is named. A queue that is not there is made. null: neither is named. Throws NotFound for
 * a pool that is not there. `made` gets the queue that was made, to be told of after the COMMIT.
 */
export async function resolveQueue(
  sql: Transaction,
  { workspaceId, actor }: Pick<Context, 'workspaceId' | 'actor'>,
  poolName: string | null,
  queueName: string | null,
  made: WorkQueueRow[],
): Promise<QueueOfPool | null> {
  if (poolName === null && queueName === null) return null
  const name = poolName ?? DEFAULT_POOL_NAME
  const [found] = await sql<(QueueOfPool & { id: string | null })[]>`
    select q.id, q.name, p.id as work_pool_id, p.name as work_pool_name, p.base_job_template
    from work_pools p
    left join work_queues q on q.workspace_id = p.workspace_id and q.work_pool_id = p.id
      and ${queueName === null ? sql`q.id = p.default_queue_id` : sql`q.name = ${queueName}`}
    where p.workspace_id = ${workspaceId} and p.name = ${name}`
  if (!found) throw poolNotFound(name)
  if (found.id !== null || queueName === null) return found
  await lockPool(sql, workspaceId, { name })
  const queue = await insertWorkQueue(
    sql,
    workspaceId,
    found.workPoolId,
    plainQueue(queueName),
    creatorOf(actor),
  )
  if (queue) made.push(queue)
  // Made just now, or meanwhile by somebody else.
  return resolveQueue(sql, { workspaceId, actor }, name, queueName, made)
}
