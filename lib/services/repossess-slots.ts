import { formatInstant } from '../domain/time.ts'
import type { Service } from './service.ts'

/** Leases looked at in one turn: few enough that the transaction stays short. */
const BATCH = 1_000

/**
 * Deletes leases that have ended. Whoever asks for a slot deletes those of its limit first, so this only tidies limits that
 * nobody asks for. Nobody is told: a lease that ends is no event.
 */
export const repossessSlots: Service = {
  name: 'repossess-slots',
  everySeconds: 15,
  runOnce: async ({ db, engine, nowMicros }) => {
    const gone = await db.engine<{ workspaceId: string; limitId: string; slots: number }[]>`
      delete from slot_leases s
      where s.ctid = any (array(
        select ctid from slot_leases where expires_at <= ${formatInstant(nowMicros())} limit ${BATCH} for update skip locked))
      returning s.workspace_id, s.limit_id, s.slots`
    engine.signals.emit(gone.map((lease) => ({ type: 'slots-free', ...lease })))
    return { counts: { leases: gone.length }, more: gone.length === BATCH }
  },
}
