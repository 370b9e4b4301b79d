import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { isRunInLine } from '../../engine/slot-writes.ts'
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
    const [found] = await sql<{ id: string; name: string }[]>`
      select l.id, l.name from concurrency_limits l where l.workspace_id = ${ctx.workspaceId} and ${isLimit(sql, which)} for update`
    if (!found) throw new NotFound('Concurrency Limit')
    await sql`
      update concurrency_limits l set updated_at = now()
        ${name === undefined ? sql`` : sql`, name = ${name}`}
        ${slotLimit === undefined ? sql`` : sql`, slot_limit = ${slotLimit}`}
        ${active === undefined ? sql`` : sql`, active = ${active}`}
        ${slotDecayPerSecond === undefined ? sql`` : sql`, slot_decay_per_second = ${slotDecayPerSecond}`}
        ${deniedSlots === undefined ? sql`` : sql`, denied_slots = ${deniedSlots}`}
      where l.workspace_id = ${ctx.workspaceId} and l.id = ${found.id}`
    // Who waits asked for it by the other name: nothing of this one is kept for them.
    if (name !== undefined && name !== found.name)
      await sql`
        delete from slot_waiters w
        where w.workspace_id = ${ctx.workspaceId} and w.limit_id = ${found.id} and not ${isRunInLine(sql)}`
    if (activeSlots !== undefined)
      await setActiveSlots(sql, ctx.workspaceId, found.id, activeSlots, ctx.nowMicros())
    return findLimit(sql, ctx, { id: found.id })
  }).catch((error: unknown) => {
    throw name !== undefined && isUniqueViolation(error) ? limitNameTaken(name) : error
  })
  if (!row) throw new NotFound('Concurrency Limit')
  wakeWaiters(ctx, engine, row)
  await recordObjectEvent(ctx, engine, limitEvent('updated', row))
}
