import { formatInstant } from '../domain/time.ts'
import { freedSignals, freeSignals, movedSignals } from '../engine/slot-signals.ts'
import { type EndedLease, endedLeaseColumns } from '../engine/slot-writes.ts'
import type { Service } from './service.ts'

/** Leases, and places in line, looked at in one turn: few enough that the transaction stays short. */
const BATCH = 1_000

/**
 * Deletes leases that have ended, and places in line of those who did not come back. Whoever asks for a slot deletes those of its limit
 * first, so this only tidies limits that nobody asks for. Pages that show them are told; a lease that ends is no event.
 */
export const repossessSlots: Service = {
  name: 'repossess-slots',
  everySeconds: 15,
  runOnce: async ({ db, engine, nowMicros }) => {
    const now = nowMicros()
    const gone = await db.engine<EndedLease[]>`
      delete from slot_leases s
      where s.ctid = any (array(
        select ctid from slot_leases where expires_at <= ${formatInstant(now)} limit ${BATCH} for update skip locked))
      returning ${endedLeaseColumns(db.engine)}`
    engine.signals.emit(freedSignals(gone, now))
    const left = await db.engine<
      { workspaceId: string; limitId: string; slots: number; isPresent: boolean }[]
    >`
      delete from slot_waiters w
      where w.ctid = any (array(
        select ctid from slot_waiters where lapses_at <= ${formatInstant(now)} limit ${BATCH} for update skip locked))
      returning w.workspace_id, w.limit_id, w.slots, w.asks_again_at is null as is_present`
    engine.signals.emit(movedSignals(left))
    // What was kept for them may be had by those behind.
    engine.signals.emit(left.flatMap((one) => (one.isPresent ? freeSignals(one, one.slots) : [])))
    return {
      counts: { leases: gone.length, waiters: left.length },
      more: gone.length === BATCH || left.length === BATCH,
    }
  },
}
