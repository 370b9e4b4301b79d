import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { isUniqueViolation } from '../users/unique-violation.ts'
import { limitNameTaken, type NewLimit } from './create-concurrency-limit.ts'
import { limitEvent } from './limit-event.ts'
import { findLimit, isLimit, type WhichLimit } from './read-concurrency-limit.ts'
import { setActiveSlots } from './set-active-slots.ts'
import { wakeWaiters } from './wake-waiters.ts'

/** Absent members are left as they are. Throws NotFound, and Conflict when the new name is taken. */
export async function updateConcurrencyLimit(
  ctx: Context,
  engine: Engine,
  which: WhichLimit,
  { name, slotLimit, active, slotDecayPerSecond, activeSlots, deniedSlots }: Partial<NewLimit>,
): Promise<void> {
  requireScope(ctx, 'manage_concurrency_limits')
  const row = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [found] = await sql<{ id: string }[]>`
      update concurrency_limits l set updated_at = now()
        ${name === undefined ? sql`` : sql`, name = ${name}`}
        ${slotLimit === undefined ? sql`` : sql`, slot_limit = ${slotLimit}`}
        ${active === undefined ? sql`` : sql`, active = ${active}`}
        ${slotDecayPerSecond === undefined ? sql`` : sql`, slot_decay_per_second = ${slotDecayPerSecond}`}
        ${deniedSlots === undefined ? sql`` : sql`, denied_slots = ${deniedSlots}`}
      where l.workspace_id = ${ctx.workspaceId} and ${isLimit(sql, which)} returning l.id`
    if (!found) throw new NotFound('Concurrency Limit')
    if (activeSlots !== undefined)
      await setActiveSlots(sql, ctx.workspaceId, found.id, activeSlots, ctx.nowMicros())
    return findLimit(sql, ctx, found)
  }).catch((error: unknown) => {
    throw name !== undefined && isUniqueViolation(error) ? limitNameTaken(name) : error
  })
  if (!row) throw new NotFound('Concurrency Limit')
  wakeWaiters(ctx, engine, row)
  await recordObjectEvent(ctx, engine, limitEvent('updated', row))
}
