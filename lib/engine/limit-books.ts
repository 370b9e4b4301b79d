import type { Transaction } from '../db/clients.ts'
import { LimitBook } from '../domain/limits/occupancy.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray, textArray } from './array-literal.ts'
import { type EndedLease, endedLeaseColumns } from './slot-writes.ts'
import { microsOf } from './stored.ts'

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

/** A limit whose row this transaction has locked, and what is taken of it. */
export interface LockedLimit {
  readonly row: LimitRow
  readonly book: LimitBook
  /** Leases on it that had run out. */
  readonly lapsed: readonly EndedLease[]
}

export interface LimitKey {
  readonly workspaceId: string
  readonly id: string
}

/** Locks limits in the order of their keys, after any locks on runs. Answered by `workspace id`; one that is gone is missing. */
export async function lockLimits(
  sql: Transaction,
  keys: readonly LimitKey[],
  nowMicros: number,
): Promise<Map<string, LockedLimit>> {
  const rows = await sql<LimitRow[]>`
    select l.workspace_id, l.id, l.name, l.slot_limit, l.active, l.slot_decay_per_second, l.denied_slots,
           l.average_occupancy_seconds, l.updated_at
    from unnest(${plainArray(keys.map((key) => key.workspaceId))}::uuid[], ${plainArray(keys.map((key) => key.id))}::uuid[])
      k (workspace_id, id)
    join concurrency_limits l on l.workspace_id = k.workspace_id and l.id = k.id
    order by l.workspace_id, l.id
    for update of l`
  return openBooks(sql, rows, nowMicros)
}

/** The same by names, or by names and ids. */
export async function lockLimitsOf(
  sql: Transaction,
  names: readonly { readonly workspaceId: string; readonly name: string }[],
  keys: readonly LimitKey[],
  nowMicros: number,
): Promise<Map<string, LockedLimit>> {
  if (names.length === 0 && keys.length === 0) return new Map()
  const rows = await sql<LimitRow[]>`
    with wanted as (
      select l.workspace_id, l.id
      from unnest(${plainArray(names.map((key) => key.workspaceId))}::uuid[], ${textArray(names.map((key) => key.name))}::text[]) k (workspace_id, name)
      join concurrency_limits l on l.workspace_id = k.workspace_id and l.name = k.name
      union
      select * from unnest(${plainArray(keys.map((key) => key.workspaceId))}::uuid[], ${plainArray(keys.map((key) => key.id))}::uuid[])
    )
    select l.workspace_id, l.id, l.name, l.slot_limit, l.active, l.slot_decay_per_second, l.denied_slots,
           l.average_occupancy_seconds, l.updated_at
    from wanted w join concurrency_limits l on l.workspace_id = w.workspace_id and l.id = w.id
    order by l.workspace_id, l.id
    for update of l`
  return openBooks(sql, rows, nowMicros)
}

/**
 * Reads what is taken of limits that are locked. What has expired is deleted first, so that there is one answer to whether a lease
 * lives: a renewal that comes later finds none, whatever the clocks say; one that came before has kept its row.
 */
async function openBooks(
  sql: Transaction,
  rows: readonly LimitRow[],
  nowMicros: number,
): Promise<Map<string, LockedLimit>> {
  if (rows.length === 0) return new Map()
  const [workspaceIds, ids] = [
    plainArray(rows.map((row) => row.workspaceId)),
    plainArray(rows.map((row) => row.id)),
  ]
  // In one round trip. Each statement sees what the one before it did, and what others committed before the lock was had.
  const [lapsed, leases] = await Promise.all([
    sql<EndedLease[]>`
      delete from slot_leases s using unnest(${workspaceIds}::uuid[], ${ids}::uuid[]) k (workspace_id, id)
      where s.workspace_id = k.workspace_id and s.limit_id = k.id and s.expires_at <= ${formatInstant(nowMicros)}
      returning ${endedLeaseColumns(sql)}`,
    sql<
      { workspaceId: string; limitId: string; slots: number; heldSince: string; drainsFrom: string | null }[]
    >`
      select s.workspace_id, s.limit_id, sum(s.slots) as slots, min(s.held_since) as held_since, s.drains_from
      from unnest(${workspaceIds}::uuid[], ${ids}::uuid[], ${plainArray(rows.map((row) => String(row.slotDecayPerSecond > 0)))}::bool[])
        k (workspace_id, id, decays)
      join slot_leases s on s.workspace_id = k.workspace_id and s.limit_id = k.id
      group by s.workspace_id, s.limit_id, s.drains_from, case when k.decays then s.id end`,
  ])
  const leasesOf = new Map<string, { slots: number; heldMicros: number; drainsFromMicros: number | null }[]>()
  for (const lease of leases) {
    const key = `${lease.workspaceId} ${lease.limitId}`
    const list = leasesOf.get(key) ?? []
    leasesOf.set(key, list)
    list.push({
      slots: lease.slots,
      heldMicros: microsOf(lease.heldSince) ?? nowMicros,
      drainsFromMicros: microsOf(lease.drainsFrom),
    })
  }
  return new Map(
    rows.map((row) => {
      const key = `${row.workspaceId} ${row.id}`
      const limit = { slots: row.slotLimit, decayPerSecond: row.slotDecayPerSecond }
      return [
        key,
        {
          row,
          book: new LimitBook(limit, leasesOf.get(key) ?? []),
          lapsed: lapsed.filter((lease) => lease.workspaceId === row.workspaceId && lease.limitId === row.id),
        },
      ]
    }),
  )
}
