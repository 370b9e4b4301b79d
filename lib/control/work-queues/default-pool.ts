import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { RawJson } from '../../domain/state.ts'
import { AGENT_POOL_TYPE, DEFAULT_POOL_NAME, DEFAULT_QUEUE_NAME } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { insertWorkPool, recordCreation } from '../work-pools/create-work-pool.ts'
import { createWorkQueue } from './create-work-queue.ts'
import type { NewWorkQueue } from './insert-work-queue.ts'
import { findWorkQueue } from './read-work-queue.ts'
import { updateWorkQueue } from './update-work-queue.ts'

/** Makes the pool of queues that name none, unless it is there. Answers whether it was made just now. */
export async function ensureDefaultPool(ctx: Context, engine: Engine): Promise<boolean> {
  const row = await insertWorkPool(ctx, {
    name: DEFAULT_POOL_NAME,
    type: AGENT_POOL_TYPE,
    description: 'Work queues that name no work pool, polled by agents of clients 2.x.',
    baseJobTemplate: '{}' as RawJson,
    isPaused: false,
    concurrencyLimit: null,
    storageConfiguration: {},
  })
  if (row) await recordCreation(ctx, engine, row)
  return row !== undefined
}

/** A queue in the default pool. Whoever makes that pool by asking for its queue `default` gets that one. Throws Conflict when the name is taken. */
export async function createQueueInDefaultPool(
  ctx: Context,
  engine: Engine,
  queue: NewWorkQueue,
): Promise<WorkQueueRow> {
  requireScope(ctx, 'write_work_queues')
  const isNew = await ensureDefaultPool(ctx, engine)
  if (!isNew || queue.name !== DEFAULT_QUEUE_NAME)
    return createWorkQueue(ctx, engine, DEFAULT_POOL_NAME, queue)
  const { name: _, priority: __, ...changes } = queue
  const which = { poolName: DEFAULT_POOL_NAME, name: DEFAULT_QUEUE_NAME }
  await updateWorkQueue(ctx, engine, which, changes)
  return inWorkspace(ctx.db, ctx.workspaceId, (sql) => findWorkQueue(sql, ctx.workspaceId, which))
}
