import type { Sql } from '../db/clients.ts'
import { inTransaction } from '../db/transaction.ts'
import { nextAverageOccupancy } from '../domain/limits/waiting.ts'
import { plainArray } from './array-literal.ts'
import type { Signal } from './signals.ts'
import type { EndedLease } from './slot-writes.ts'
import { microsOf } from './stored.ts'

/** How long slots of one limit were held that came back. */
export interface HeldSlots {
  readonly workspaceId: string
  readonly limitId: string
  readonly heldSeconds: readonly number[]
}

/** Seconds that the lease held its slots; null where they come back by themselves, whoever holds them. */
export function heldSecondsOf(lease: EndedLease, nowMicros: number): number | null {
  if (lease.drainsFrom !== null) return null
  const since = microsOf(lease.heldSince) ?? nowMicros
  return Math.max(0, (Math.min(microsOf(lease.expiresAt) ?? nowMicros, nowMicros) - since) / 1e6)
}

/** What leases that are over say of how long slots are held, a signal a limit. */
export function occupancySignals(leases: readonly EndedLease[], nowMicros: number): Signal[] {
  const held = new Map<string, HeldSlots & { readonly heldSeconds: number[] }>()
  for (const lease of leases) {
    const seconds = heldSecondsOf(lease, nowMicros)
    if (seconds === null) continue
    const { workspaceId, limitId } = lease
    const key = `${workspaceId} ${limitId}`
    const known = held.get(key)
    if (known) known.heldSeconds.push(seconds)
    else held.set(key, { workspaceId, limitId, heldSeconds: [seconds] })
  }
  return [...held.values()].map((one) => ({ type: 'slots-held', ...one }))
}

/**
 * Lets the averages of limits follow. Apart from the transitions in which the slots came back: who only gives back locks no limit,
 * and an average may come a moment later.
 */
export async function recordOccupancy(sql: Sql, held: readonly HeldSlots[]): Promise<void> {
  const byLimit = new Map<string, HeldSlots[]>()
  for (const one of held) {
    const key = `${one.workspaceId} ${one.limitId}`
    byLimit.set(key, [...(byLimit.get(key) ?? []), one])
  }
  const firsts = [...byLimit.values()].flatMap(([first]) => first ?? [])
  const workspaceIds = plainArray(firsts.map((one) => one.workspaceId))
  const ids = plainArray(firsts.map((one) => one.limitId))
  await inTransaction(sql, async (own, write) => {
    const limits = await own<
      { workspaceId: string; id: string; slotLimit: number; averageOccupancySeconds: number }[]
    >`
      select l.workspace_id, l.id, l.slot_limit, l.average_occupancy_seconds
      from unnest(${workspaceIds}::uuid[], ${ids}::uuid[]) k (workspace_id, id)
      join concurrency_limits l on l.workspace_id = k.workspace_id and l.id = k.id
      order by l.workspace_id, l.id
      for no key update of l`
    const averages = limits.map(({ workspaceId, id, slotLimit, averageOccupancySeconds }) =>
      (byLimit.get(`${workspaceId} ${id}`) ?? [])
        .flatMap(({ heldSeconds }) => heldSeconds)
        .reduce(
          (average, seconds) => nextAverageOccupancy(average, seconds, slotLimit),
          averageOccupancySeconds,
        ),
    )
    write(own`
      update concurrency_limits l set average_occupancy_seconds = k.average
      from unnest(${plainArray(limits.map((limit) => limit.workspaceId))}::uuid[], ${plainArray(limits.map((limit) => limit.id))}::uuid[],
                  ${plainArray(averages)}::float8[]) k (workspace_id, id, average)
      where l.workspace_id = k.workspace_id and l.id = k.id`)
  })
}
