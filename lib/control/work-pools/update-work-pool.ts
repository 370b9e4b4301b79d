import { type StorageConfiguration, type WorkPoolRow, workPoolColumns } from '../../db/rows/work-pool.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { parseInstant } from '../../domain/time.ts'
import { isReservedPoolName } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { pausedBy } from '../paused-by.ts'
import { checkTemplate } from './check-template.ts'
import { poolNotFound } from './read-work-pool.ts'
import { changedFields, recordPoolStatus, workPoolEvent } from './work-pool-event.ts'

/** Absent members are left as they are. */
export interface WorkPoolChanges {
  readonly description?: string | null
  readonly isPaused?: boolean
  readonly baseJobTemplate?: RawJson
  readonly concurrencyLimit?: number | null
  readonly storageConfiguration?: StorageConfiguration
}

/** Throws NotFound, BadInput for a template that cannot be used, not-allowed for what may not be changed of a reserved pool. */
export async function updateWorkPool(
  ctx: Context,
  engine: Engine,
  name: string,
  changes: WorkPoolChanges,
): Promise<WorkPoolRow> {
  requireScope(ctx, 'write_work_pools')
  const { description, isPaused, baseJobTemplate, concurrencyLimit, storageConfiguration } = changes
  if (
    isReservedPoolName(name) &&
    (description !== undefined || baseJobTemplate !== undefined || storageConfiguration !== undefined)
  ) {
    throw new Problem(
      'not-allowed',
      `The work pool ${name} is reserved: only is_paused and concurrency_limit may be changed of it.`,
    )
  }
  if (baseJobTemplate !== undefined) checkTemplate(baseJobTemplate)
  const { workspaceId } = ctx
  const eventId = uuidv7()
  const [before, after] = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [old] = await sql<WorkPoolRow[]>`
      select ${workPoolColumns(sql)} from work_pools p where p.workspace_id = ${workspaceId} and p.name = ${name} for update of p`
    if (!old) throw poolNotFound(name)
    const toStatus =
      isPaused === undefined || isPaused === old.isPaused
        ? null
        : isPaused
          ? sql`'PAUSED'`
          : sql`case when exists (
              select from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE')
            then 'READY' else 'NOT_READY' end`
    const [row] = await sql<WorkPoolRow[]>`
      update work_pools p set updated_at = now(), updated_by = ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb
        ${description === undefined ? sql`` : sql`, description = ${description}`}
        ${isPaused === undefined ? sql`` : sql`, is_paused = ${isPaused}, paused_by = ${pausedBy(sql, ctx, isPaused, sql`p`)}`}
        ${baseJobTemplate === undefined ? sql`` : sql`, base_job_template = ${baseJobTemplate}::text::json`}
        ${concurrencyLimit === undefined ? sql`` : sql`, concurrency_limit = ${concurrencyLimit}`}
        ${storageConfiguration === undefined ? sql`` : sql`, storage_configuration = ${JSON.stringify(storageConfiguration)}::text::jsonb`}
        ${toStatus ? sql`, status = ${toStatus}, status_changed_at = now(), status_event_id = ${eventId}` : sql``}
      where p.workspace_id = ${workspaceId} and p.id = ${old.id} returning ${workPoolColumns(sql)}`
    if (!row) throw poolNotFound(name)
    return [old, row] as const
  })
  const json = JSON.stringify
  const told = changedFields({
    description: [json(before.description), json(after.description)],
    base_job_template: [before.baseJobTemplate, after.baseJobTemplate],
    concurrency_limit: [json(before.concurrencyLimit), json(after.concurrencyLimit)],
    storage_configuration: [json(before.storageConfiguration), json(after.storageConfiguration)],
  })
  if (told) await recordObjectEvent(ctx, engine, workPoolEvent('updated', after, told))
  if (before.isPaused !== after.isPaused) {
    await recordPoolStatus(ctx, engine, {
      ...after,
      eventId,
      previousEventId: before.statusEventId,
      previousAtMicros: parseInstant(before.statusChangedAt) ?? 0,
    })
  }
  return after
}
