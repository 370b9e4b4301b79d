import type { Transaction } from '../db/clients.ts'
import { plainArray } from './array-literal.ts'
import { type LockedLimit, lockLimits } from './limit-books.ts'
import type { SlotOrder } from './slot-orders.ts'
import type { LeaseKey } from './slot-writes.ts'
import { type WantedLimits, wantedLimits } from './wanted-limits.ts'

export interface StoredLease {
  readonly workspaceId: string
  readonly limitId: string
  readonly id: string
  readonly slots: number
  readonly holderId: string | null
  readonly heldSince: string
  readonly drainsFrom: string | null
}

/** What a batch of orders is about, read under the locks of the limits. */
export interface SlotFacts {
  readonly limits: readonly LockedLimit[]
  /** Slots that can be given back without naming a lease, the latest last. */
  readonly loose: readonly StoredLease[]
  /** Leases that are to end, a row a limit. */
  readonly ending: readonly StoredLease[]
  /** What those hold who take one slot of a limit at the most, or give back all that they have. */
  readonly held: readonly StoredLease[]
}

/** Locks the limits that orders are about, and reads what is taken of them and by whom. */
export async function readSlotFacts(
  sql: Transaction,
  orders: readonly SlotOrder[],
  nowMicros: number,
): Promise<SlotFacts> {
  const ends: LeaseKey[] = []
  const holders: LeaseKey[] = []
  const names = new Map<string, { workspaceId: string; name: string }>()
  const waiterIds: string[] = []
  let isGiven = false
  for (const order of orders) {
    const { workspaceId } = order
    if (order.type === 'end') ends.push({ workspaceId, id: order.leaseId })
    else if (order.type === 'give') isGiven ||= order.names.length > 0
    else if (order.type === 'give-held') holders.push({ workspaceId, id: order.holderId })
    else if (order.type === 'take') {
      if (order.once && order.holder) holders.push({ workspaceId, id: order.holder.id })
      if (order.wait) waiterIds.push(order.wait.id)
      if (order.holder) waiterIds.push(order.holder.id)
    }
    if ('names' in order)
      for (const name of order.names) names.set(`${workspaceId} ${name}`, { workspaceId, name })
  }
  const wanted: WantedLimits = { names: [...names.values()], leases: ends }
  // In one round trip, the lock first.
  const [limits, ending, loose, held] = await Promise.all([
    lockLimits(sql, wanted, waiterIds, nowMicros),
    ends.length === 0 ? [] : readLeases(sql, ends),
    isGiven ? readLoose(sql, wanted) : [],
    holders.length === 0 ? [] : readHeld(sql, holders),
  ])
  return { limits: [...limits.values()], ending, loose, held }
}

const readLeases = (sql: Transaction, keys: readonly LeaseKey[]) => sql<StoredLease[]>`
  select distinct s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from unnest(${plainArray(keys.map((key) => key.workspaceId))}::uuid[], ${plainArray(keys.map((key) => key.id))}::uuid[]) k (workspace_id, id)
  join slot_leases s on s.workspace_id = k.workspace_id and s.id = k.id`

/** Slots without a lease: the operator's last, who set them to stay. */
const readLoose = (sql: Transaction, wanted: WantedLimits) => sql<StoredLease[]>`
  select s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from (${wantedLimits(sql, wanted)}) k (workspace_id, id) join slot_leases s on s.workspace_id = k.workspace_id and s.limit_id = k.id
  where s.holder_id is null and s.holder_type in ('client', 'operator') and (s.expires_at is null or s.drains_from is not null)
  order by s.holder_type = 'client', s.held_since`

const readHeld = (sql: Transaction, holders: readonly LeaseKey[]) => sql<StoredLease[]>`
  select distinct s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from unnest(${plainArray(holders.map((holder) => holder.workspaceId))}::uuid[], ${plainArray(holders.map((holder) => holder.id))}::uuid[]) k (workspace_id, id)
  join slot_leases s on s.workspace_id = k.workspace_id and s.holder_id = k.id`
