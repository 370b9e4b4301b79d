import type { ConcurrencyLimitRow } from '../../db/rows/concurrency-limit.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { limitEvent } from './limit-event.ts'
import { findLimit } from './read-concurrency-limit.ts'
import { setActiveSlots } from './set-active-slots.ts'

export interface NewLimit {
  readonly name: string
  readonly slotLimit: number
  readonly active: boolean
  /** Slots that come back by themselves each second; 0: none do. */
  readonly slotDecayPerSecond: number
  readonly activeSlots: number
  readonly deniedSlots: number
}

/** Throws Conflict when the name is taken. */
export async function createConcurrencyLimit(
  ctx: Context,
  engine: Engine,
  limit: NewLimit,
): Promise<ConcurrencyLimitRow> {
  requireScope(ctx, 'manage_concurrency_limits')
  const id = uuidv7()
  const row = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const made = await sql`
      insert into concurrency_limits (workspace_id, id, name, slot_limit, active, slot_decay_per_second, denied_slots)
      values (${ctx.workspaceId}, ${id}, ${limit.name}, ${limit.slotLimit}, ${limit.active}, ${limit.slotDecayPerSecond}, ${limit.deniedSlots})
      on conflict (workspace_id, name) do nothing`
    if (made.count === 0) throw limitNameTaken(limit.name)
    if (limit.activeSlots > 0)
      await setActiveSlots(sql, ctx.workspaceId, id, limit.activeSlots, ctx.nowMicros())
    return findLimit(sql, ctx, { id })
  })
  // It was written in the same transaction.
  if (!row) throw new Error('a limit that was just made is not there')
  await recordObjectEvent(ctx, engine, limitEvent('created', row))
  return row
}

export const limitNameTaken = (name: string): Conflict =>
  new Conflict(`A concurrency limit named "${name}" already exists. Change that one, or choose another name.`)
