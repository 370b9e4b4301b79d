import { type StorageConfiguration, type WorkPoolRow, workPoolColumns } from '../../db/rows/work-pool.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict, Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { DEFAULT_QUEUE_NAME, isReservedPoolName } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { checkTemplate } from './check-template.ts'
import { recordPoolStatus, workPoolEvent } from './work-pool-event.ts'

export interface NewWorkPool {
  readonly name: string
  readonly type: string
  readonly description: string | null
  readonly baseJobTemplate: RawJson
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  readonly storageConfiguration: StorageConfiguration
}

/**
 * Makes a pool, and its queue `default` with it.
 * Throws Conflict when the name is taken, BadInput for a template that cannot be used, not-allowed for names of the product.
 */
export async function createWorkPool(ctx: Context, engine: Engine, pool: NewWorkPool): Promise<WorkPoolRow> {
  requireScope(ctx, 'write_work_pools')
  if (isReservedPoolName(pool.name)) throw reservedName(pool.name)
  checkTemplate(pool.baseJobTemplate)
  const row = await insertWorkPool(ctx, pool)
  if (!row) {
    throw new Conflict(
      `A work pool named ${pool.name} already exists. Change that one, or choose another name.`,
    )
  }
  await recordCreation(ctx, engine, row)
  return row
}

export const reservedName = (name: string) =>
  new Problem(
    'not-allowed',
    `Work pools whose names begin with "prefect" are reserved: ${name} can be neither made nor deleted. Choose another name.`,
  )

/** undefined when the name is taken. */
export async function insertWorkPool(ctx: Context, pool: NewWorkPool): Promise<WorkPoolRow | undefined> {
  const { workspaceId } = ctx
  const [id, queueId, eventId] = [uuidv7(), uuidv7(), uuidv7()]
  const by = JSON.stringify(creatorOf(ctx.actor))
  const [row] = await inWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<WorkPoolRow[]>`
      with p as (
        insert into work_pools (
          workspace_id, id, name, description, type, base_job_template, is_paused, concurrency_limit, storage_configuration,
          default_queue_id, status, status_event_id, created_by, updated_by, paused_by)
        values (
          ${workspaceId}, ${id}, ${pool.name}, ${pool.description}, ${pool.type}, ${pool.baseJobTemplate}::text::json, ${pool.isPaused},
          ${pool.concurrencyLimit}, ${JSON.stringify(pool.storageConfiguration)}::text::jsonb, ${queueId},
          ${pool.isPaused ? 'PAUSED' : 'NOT_READY'}, ${eventId}, ${by}::text::jsonb, ${by}::text::jsonb,
          ${pool.isPaused ? by : null}::text::jsonb)
        on conflict (workspace_id, name) do nothing returning *
      ), q as (
        insert into work_queues (workspace_id, id, work_pool_id, name, description, priority, created_by, updated_by)
        select workspace_id, ${queueId}, id, ${DEFAULT_QUEUE_NAME}, 'The queue for runs that name no other.', 1, created_by, updated_by from p
      )
      select ${workPoolColumns(sql)} from p`,
  )
  return row
}

export async function recordCreation(ctx: Context, engine: Engine, row: WorkPoolRow): Promise<void> {
  await recordObjectEvent(ctx, engine, workPoolEvent('created', row))
  await recordPoolStatus(ctx, engine, {
    ...row,
    eventId: row.statusEventId ?? uuidv7(),
    previousEventId: null,
    previousAtMicros: 0,
  })
}
