import type { Queryable } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import { compareKeys } from './key-order.ts'
import { textOf } from './stored.ts'

export type HolderType = 'flow_run' | 'task_run' | 'deployment' | 'operator' | 'client'

/** Slots of one limit that somebody holds. A lease over several limits is a row in each, with one id. */
export interface LeaseRow {
  readonly workspaceId: string
  readonly limitId: string
  readonly id: string
  readonly slots: number
  readonly holderType: HolderType
  readonly holderId: string | null
  readonly heldMicros: number
  readonly drainsFromMicros: number | null
  /** null: held until given back. */
  readonly expiresMicros: number | null
}

export interface LeaseKey {
  readonly workspaceId: string
  readonly id: string
}

/** A place in the line of one limit. An order for several limits has one in each, with one id. */
export interface WaiterRow extends LeaseKey {
  readonly limitId: string
  readonly slots: number
  readonly holderType: Exclude<HolderType, 'operator'>
  readonly holderId: string | null
  readonly sinceMicros: number
  /** null: its request is open. */
  readonly asksAgainMicros: number | null
  readonly lapsesMicros: number
}

/** Whoever keeps its request open renews its place more often: one that was not seen for so long waits on a replica that is gone. */
export const presenceMicros = 5_000_000

/**
 * Whoever may have what is free, and is told so, comes for it at once: one that does not within so long is not there, or too slow to let
 * slots be idle for. If it comes later all the same it finds its place again.
 */
export const calledMicros = 1_000_000

/** Whoever asks again later may be late by this much before its place is given up. */
const latenessMicros = 5_000_000

/** The place of a holder that asks again later: until then nothing is kept for it. */
export const waiterAway = (
  { workspaceId, limitId, id }: WaiterKey,
  { slots, holderType }: Pick<WaiterRow, 'slots' | 'holderType'>,
  sinceMicros: number,
  asksAgainMicros: number,
): WaiterRow => ({
  workspaceId,
  limitId,
  id,
  slots,
  holderType,
  holderId: id,
  sinceMicros,
  asksAgainMicros,
  lapsesMicros: asksAgainMicros + latenessMicros,
})

/**
 * The place of a run that waits for a slot of its deployment. What comes free is kept for it as for an open request, since it is made due
 * then: until a little after it is tried again in any case, when nobody seems to be there who would execute it.
 */
export const runWaiter = (
  { workspaceId, limitId, id }: WaiterKey,
  sinceMicros: number,
  triedAgainMicros: number,
): WaiterRow => ({
  workspaceId,
  limitId,
  id,
  slots: 1,
  holderType: 'flow_run',
  holderId: id,
  sinceMicros,
  asksAgainMicros: null,
  lapsesMicros: triedAgainMicros + latenessMicros,
})

/** Whether a waiter `w` is such a run, and not somebody's request. */
export const isRunInLine = (sql: Queryable) =>
  sql`(w.asks_again_at is null and coalesce(w.id = w.holder_id, false))`

export type WaiterKey = LeaseKey & { readonly limitId: string }

/** What a limit knows of those who wait, and of how long its slots are held. */
export interface LimitState extends LeaseKey {
  /** Since when the slots that were denied are being forgotten. */
  readonly updatedAt: string
  readonly deniedSlots: number
  readonly averageOccupancySeconds: number
}

/** A lease that is over. */
export interface EndedLease {
  readonly workspaceId: string
  readonly limitId: string
  readonly slots: number
  readonly heldSince: string
  readonly drainsFrom: string | null
  readonly expiresAt: string | null
}

export const endedLeaseColumns = (sql: Queryable) =>
  sql`s.workspace_id, s.limit_id, s.slots, s.held_since, s.drains_from, s.expires_at`

const ids = (keys: readonly LeaseKey[]) => plainArray(keys.map((key) => key.id))
const workspaces = (keys: readonly { readonly workspaceId: string }[]) =>
  plainArray(keys.map((key) => key.workspaceId))

export const insertLeases = (sql: Queryable, rows: readonly LeaseRow[]) => sql`
  insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, holder_id, held_since, drains_from, expires_at)
  select * from unnest(
    ${workspaces(rows)}::uuid[], ${plainArray(rows.map((row) => row.limitId))}::uuid[], ${ids(rows)}::uuid[],
    ${plainArray(rows.map((row) => row.slots))}::int[], ${plainArray(rows.map((row) => row.holderType))}::text[],
    ${plainArray(rows.map((row) => row.holderId))}::uuid[],
    ${plainArray(rows.map((row) => formatInstant(row.heldMicros)))}::timestamptz[],
    ${plainArray(rows.map((row) => textOf(row.drainsFromMicros)))}::timestamptz[],
    ${plainArray(rows.map((row) => textOf(row.expiresMicros)))}::timestamptz[])`

/** Ends leases on one limit each, or whatever limits they are on. */
export const deleteLeases = (
  sql: Queryable,
  keys: readonly (LeaseKey & { readonly limitId?: string })[],
) => sql<EndedLease[]>`
  delete from slot_leases s
  using unnest(${workspaces(keys)}::uuid[], ${ids(keys)}::uuid[], ${plainArray(keys.map((key) => key.limitId ?? null))}::uuid[])
    k (workspace_id, id, limit_id)
  where s.workspace_id = k.workspace_id and s.id = k.id and (k.limit_id is null or s.limit_id = k.limit_id)
  returning ${endedLeaseColumns(sql)}`

/** Some of the slots of leases came back. */
export const resizeLeases = (
  sql: Queryable,
  rows: readonly (LeaseKey & { readonly limitId: string; readonly slots: number })[],
) => sql`
  update slot_leases s set slots = k.slots
  from unnest(${workspaces(rows)}::uuid[], ${plainArray(rows.map((row) => row.limitId))}::uuid[], ${ids(rows)}::uuid[],
              ${plainArray(rows.map((row) => row.slots))}::int[]) k (workspace_id, limit_id, id, slots)
  where s.workspace_id = k.workspace_id and s.limit_id = k.limit_id and s.id = k.id`

/** Their rows are locked. */
export const updateLimits = (sql: Queryable, rows: readonly LimitState[]) => sql`
  update concurrency_limits l set denied_slots = k.denied_slots, average_occupancy_seconds = k.average, updated_at = k.updated_at
  from unnest(${workspaces(rows)}::uuid[], ${ids(rows)}::uuid[], ${plainArray(rows.map((row) => row.deniedSlots))}::bigint[],
              ${plainArray(rows.map((row) => row.averageOccupancySeconds))}::float8[],
              ${plainArray(rows.map((row) => row.updatedAt))}::timestamptz[]) k (workspace_id, id, denied_slots, average, updated_at)
  where l.workspace_id = k.workspace_id and l.id = k.id`

/** Ends what these runs hold: all of it, or of one limit each. */
export const deleteLeasesOfHolders = (
  sql: Queryable,
  keys: readonly {
    readonly workspaceId: string
    readonly holderId: string
    readonly limitId: string | null
  }[],
) => sql<EndedLease[]>`
  delete from slot_leases s
  using unnest(${workspaces(keys)}::uuid[], ${plainArray(keys.map((key) => key.holderId))}::uuid[],
               ${plainArray(keys.map((key) => key.limitId))}::uuid[]) k (workspace_id, holder_id, limit_id)
  where s.workspace_id = k.workspace_id and s.holder_id = k.holder_id and (k.limit_id is null or s.limit_id = k.limit_id)
  returning ${endedLeaseColumns(sql)}`

/** Moves the end of leases; null: they no longer end by themselves. One that has expired is left as it is. Answers which were there. */
export const extendLeases = (
  sql: Queryable,
  keys: readonly (LeaseKey & { readonly expiresMicros: number | null })[],
  nowMicros: number,
) => {
  // Two renewals of one batch are one, and batches meet leases in one order.
  const last = [...new Map(keys.map((key) => [`${key.workspaceId} ${key.id}`, key])).values()].sort((a, b) =>
    compareKeys(a.workspaceId, a.id, b.workspaceId, b.id),
  )
  return sql<LeaseKey[]>`
    update slot_leases s set expires_at = k.expires_at
    from unnest(${workspaces(last)}::uuid[], ${ids(last)}::uuid[],
                ${plainArray(last.map((key) => textOf(key.expiresMicros)))}::timestamptz[]) k (workspace_id, id, expires_at)
    where s.workspace_id = k.workspace_id and s.id = k.id and (s.expires_at is null or s.expires_at > ${formatInstant(nowMicros)})
    returning s.workspace_id, s.id`
}

/** Puts waiters in the lines of limits, whose rows are locked, or renews their places. Each row at most once. */
export const saveWaiters = (sql: Queryable, rows: readonly WaiterRow[]) => sql`
  insert into slot_waiters (workspace_id, limit_id, id, slots, holder_type, holder_id, since, asks_again_at, lapses_at)
  select * from unnest(
    ${workspaces(rows)}::uuid[], ${plainArray(rows.map((row) => row.limitId))}::uuid[], ${ids(rows)}::uuid[],
    ${plainArray(rows.map((row) => row.slots))}::int[], ${plainArray(rows.map((row) => row.holderType))}::text[],
    ${plainArray(rows.map((row) => row.holderId))}::uuid[],
    ${plainArray(rows.map((row) => formatInstant(row.sinceMicros)))}::timestamptz[],
    ${plainArray(rows.map((row) => textOf(row.asksAgainMicros)))}::timestamptz[],
    ${plainArray(rows.map((row) => formatInstant(row.lapsesMicros)))}::timestamptz[])
  on conflict (workspace_id, limit_id, id) do update
    set slots = excluded.slots, since = excluded.since, asks_again_at = excluded.asks_again_at, lapses_at = excluded.lapses_at`

/** Their places end sooner, unless they show that they are there. The limits' rows are locked. */
export const callWaiters = (sql: Queryable, keys: readonly WaiterKey[], nowMicros: number) => sql`
  update slot_waiters w set lapses_at = ${formatInstant(nowMicros + calledMicros)}
  from unnest(${workspaces(keys)}::uuid[], ${plainArray(keys.map((key) => key.limitId))}::uuid[], ${ids(keys)}::uuid[])
    k (workspace_id, limit_id, id)
  where w.workspace_id = k.workspace_id and w.limit_id = k.limit_id and w.id = k.id`

/** They were served, or are gone. The limits' rows are locked. */
export const deleteWaiters = (sql: Queryable, keys: readonly WaiterKey[]) => sql`
  delete from slot_waiters w
  using unnest(${workspaces(keys)}::uuid[], ${plainArray(keys.map((key) => key.limitId))}::uuid[], ${ids(keys)}::uuid[])
    k (workspace_id, limit_id, id)
  where w.workspace_id = k.workspace_id and w.limit_id = k.limit_id and w.id = k.id`

/**
 * Keeps the places of those whose requests are open. Answers whose were there: a place that has lapsed is to be taken anew. Who is
 * served or leaves at this moment is passed over, so that nobody waits for this statement's locks while it waits for theirs.
 */
export const renewWaiters = (sql: Queryable, keys: readonly WaiterKey[], nowMicros: number) => sql<
  WaiterKey[]
>`
  update slot_waiters w set lapses_at = ${formatInstant(nowMicros + presenceMicros)}
  from (
    select w.workspace_id, w.limit_id, w.id
    from unnest(${workspaces(keys)}::uuid[], ${plainArray(keys.map((key) => key.limitId))}::uuid[], ${ids(keys)}::uuid[])
      k (workspace_id, limit_id, id)
    join slot_waiters w on w.workspace_id = k.workspace_id and w.limit_id = k.limit_id and w.id = k.id and w.lapses_at > ${formatInstant(nowMicros)}
    for update of w skip locked) k
  where w.workspace_id = k.workspace_id and w.limit_id = k.limit_id and w.id = k.id
  returning w.workspace_id, w.limit_id, w.id`
