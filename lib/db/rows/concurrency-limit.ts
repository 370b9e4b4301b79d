import type { Queryable } from '../clients.ts'

/** A concurrency limit with what is taken of it. */
export interface ConcurrencyLimitRow {
  readonly id: string
  readonly name: string
  readonly slotLimit: number
  readonly active: boolean
  readonly slotDecayPerSecond: number
  readonly deniedSlots: number
  readonly averageOccupancySeconds: number
  readonly createdAt: string
  readonly updatedAt: string
  /** Slots that are out: of a limit that decays fewer by the second. */
  readonly activeSlots: number
  /** Task runs that hold slots, the first first. */
  readonly taskRunIds: readonly string[]
}

/** Slots of a lease that are still out; `s` is slot_leases, `l` its concurrency_limits. The same as `slotsOut` in lib/domain/limits; a decay that no product can be made of is none. */
export const slotsOut = (sql: Queryable, now: string) => sql`
  (case when l.slot_decay_per_second < 1e-12 then s.slots else greatest(0, least(s.slots,
    s.slots - floor(l.slot_decay_per_second * extract(epoch from (${now}::timestamptz - coalesce(s.drains_from, s.held_since)))))) end)::int`

/** The lease has not ended. */
export const isLive = (sql: Queryable, now: string) =>
  sql`(s.expires_at is null or s.expires_at > ${now}::timestamptz)`

/** The columns of ConcurrencyLimitRow; `l` is concurrency_limits. */
export const concurrencyLimitColumns = (sql: Queryable, now: string) => sql`
  l.id, l.name, l.slot_limit, l.active, l.slot_decay_per_second, l.denied_slots, l.average_occupancy_seconds, l.created_at, l.updated_at,
  (select coalesce(sum(${slotsOut(sql, now)}), 0) from slot_leases s
   where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)}) as active_slots,
  array(select s.holder_id from slot_leases s
   where s.workspace_id = l.workspace_id and s.limit_id = l.id and s.holder_type = 'task_run' and s.holder_id is not null and ${isLive(sql, now)}
   order by s.held_since, s.id) as task_run_ids`
