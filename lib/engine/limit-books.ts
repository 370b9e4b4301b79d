import type { PendingQuery, Row } from 'postgres'
import type { Transaction } from '../db/clients.ts'
import { LimitLine, type Waiter } from '../domain/limits/line.ts'
import { LimitBook } from '../domain/limits/occupancy.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import { grouped } from './grouped.ts'
import { type EndedLease, endedLeaseColumns, isRunInLine } from './slot-writes.ts'
import { microsOf } from './stored.ts'
import { type WantedLimits, wantedLimits } from './wanted-limits.ts'

/** A concurrency limit as it is stored. Instants are text. */
export interface LimitRow {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly slotLimit: number
  readonly active: boolean
  readonly slotDecayPerSecond: number
  readonly deniedSlots: number
  readonly averageOccupancySeconds: number
  readonly updatedAt: string
}

/** A limit whose row this transaction has locked, what is taken of it, and who waits. */
export interface LockedLimit {
  readonly row: LimitRow
  readonly book: LimitBook
  /** Those whose requests are open, as many as could get a slot if all were free, and whoever of the others is asked for. */
  readonly line: LimitLine
  /** Leases on it that had run out. */
  readonly lapsed: readonly EndedLease[]
}

/**
 * Locks limits in the order of their keys, after any locks on runs, with the places in line of some who may wait. Answered by
 * `workspace id`; one that is gone is missing.
 */
export async function lockLimits(
  sql: Transaction,
  wanted: WantedLimits,
  waiterIds: readonly string[],
  nowMicros: number,
): Promise<Map<string, LockedLimit>> {
  const keys = wantedLimits(sql, wanted)
  if (keys === null) return new Map()
  // In one round trip, since others wait for the lock all the while. Each statement sees what the one before it did, and what others
  // committed before the lock was had.
  const [rows, lapsed, lines] = await Promise.all([
    sql<LimitRow[]>`
      select l.workspace_id, l.id, l.name, l.slot_limit, l.active, l.slot_decay_per_second, l.denied_slots,
             l.average_occupancy_seconds, l.updated_at
      from (${keys}) k (workspace_id, id) join concurrency_limits l on l.workspace_id = k.workspace_id and l.id = k.id
      order by l.workspace_id, l.id
      for update of l`,
    // What has expired is deleted before anything is counted, so that there is one answer to whether a lease lives: a renewal that
    // comes later finds none, whatever the clocks say; one that came before has kept its row.
    sql<EndedLease[]>`
      delete from slot_leases s using (${keys}) k (workspace_id, id)
      where s.workspace_id = k.workspace_id and s.limit_id = k.id and s.expires_at <= ${formatInstant(nowMicros)}
      returning ${endedLeaseColumns(sql)}`,
    readLines(sql, keys, waiterIds, nowMicros),
  ])
  // Limits that only leases led to are found no more where those have just expired.
  const seen =
    lapsed.length === 0 || !wanted.leases?.length
      ? lines
      : await readLines(sql, wantedLimits(sql, { keys: rows }) ?? keys, waiterIds, nowMicros)
  return openBooks(rows, lapsed, seen, nowMicros)
}

/** What is out of a limit, or, with a waiter's id, what somebody waits for. */
interface BookLine {
  readonly workspaceId: string
  readonly limitId: string
  readonly slots: number
  readonly since: string
  readonly drainsFrom: string | null
  readonly waiterId: string | null
  readonly asksAgainAt: string | null
  readonly lapsesAt: string | null
  /** Who waits is a run itself, and not somebody's request. */
  readonly isRun: boolean
}

/** What is taken of limits, and who waits for it. */
function readLines(
  sql: Transaction,
  wanted: PendingQuery<Row[]>,
  waiterIds: readonly string[],
  nowMicros: number,
) {
  const now = formatInstant(nowMicros)
  return sql<BookLine[]>`
    with k as materialized (
      select l.workspace_id, l.id, l.slot_decay_per_second > 0 as decays, l.slot_limit as slots
      from (${wanted}) w (workspace_id, id) join concurrency_limits l on l.workspace_id = w.workspace_id and l.id = w.id
    )
    select s.workspace_id, s.limit_id, sum(s.slots) as slots, min(s.held_since) as since, s.drains_from,
           null::uuid as waiter_id, null::timestamptz as asks_again_at, null::timestamptz as lapses_at, false as is_run
    from k join slot_leases s on s.workspace_id = k.workspace_id and s.limit_id = k.id
    group by s.workspace_id, s.limit_id, s.drains_from, case when k.decays then s.id end
    union all
    select k.workspace_id, k.id, w.slots, w.since, null, w.id, null, w.lapses_at, w.is_run
    from k cross join lateral (
      select w.slots, w.since, w.id, w.lapses_at, ${isRunInLine(sql)} as is_run from slot_waiters w
      where w.workspace_id = k.workspace_id and w.limit_id = k.id and w.asks_again_at is null and w.lapses_at > ${now}
      order by w.since, w.id limit k.slots) w
    union all
    select w.workspace_id, w.limit_id, w.slots, w.since, null, w.id, w.asks_again_at, w.lapses_at, ${isRunInLine(sql)}
    from k cross join unnest(${plainArray(waiterIds)}::uuid[]) a (id)
    join slot_waiters w on w.workspace_id = k.workspace_id and w.limit_id = k.id and w.id = a.id and w.lapses_at > ${now}`
}

function openBooks(
  rows: readonly LimitRow[],
  lapsed: readonly EndedLease[],
  lines: readonly BookLine[],
  nowMicros: number,
): Map<string, LockedLimit> {
  const keyOf = (line: BookLine): string => `${line.workspaceId} ${line.limitId}`
  const leasesOf = grouped(
    lines.filter(({ waiterId }) => waiterId === null),
    keyOf,
    (line) => ({
      slots: line.slots,
      heldMicros: microsOf(line.since) ?? nowMicros,
      drainsFromMicros: microsOf(line.drainsFrom),
    }),
  )
  const waitersOf = grouped(
    lines.filter(({ waiterId }) => waiterId !== null),
    keyOf,
    (line): Waiter => ({
      id: line.waiterId ?? '',
      slots: line.slots,
      sinceMicros: microsOf(line.since) ?? nowMicros,
      isPresent: line.asksAgainAt === null,
      isRun: line.isRun,
      lapsesMicros: microsOf(line.lapsesAt) ?? nowMicros,
    }),
  )
  return new Map(
    rows.map((row) => {
      const key = `${row.workspaceId} ${row.id}`
      const limit = { slots: row.slotLimit, decayPerSecond: row.slotDecayPerSecond }
      return [
        key,
        {
          row,
          book: new LimitBook(limit, leasesOf.get(key) ?? []),
          line: new LimitLine(waitersOf.get(key) ?? []),
          lapsed: lapsed.filter((lease) => lease.workspaceId === row.workspaceId && lease.limitId === row.id),
        },
      ]
    }),
  )
}
