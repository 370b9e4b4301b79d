import type { Transaction } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import { drainedMicros, type LimitBook } from '../domain/limits/occupancy.ts'
import { deniedSlotsNow, nextAverageOccupancy, retryAfterSeconds } from '../domain/limits/waiting.ts'
import { BadInput } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import { emptyLeaseId, isEmptyLease } from './empty-lease.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { type LimitKey, type LimitRow, lockLimitsOf } from './limit-books.ts'
import type { Signal } from './signals.ts'
import type {
  EndLease,
  GiveHeldSlots,
  GiveSlots,
  NamedLimit,
  SlotAnswer,
  SlotOrder,
  TakeSlots,
} from './slot-orders.ts'
import {
  deleteLeases,
  extendLeases,
  insertLeases,
  type LeaseKey,
  type LeaseRow,
  resizeLeases,
  updateLimits,
} from './slot-writes.ts'
import { microsOf } from './stored.ts'

/** A limit as the batch leaves it. */
interface Limit {
  readonly row: LimitRow
  readonly book: LimitBook
  denied: number
  average: number
  changed: boolean
  freed: number
}

/** Slots that can be given back without naming a lease, the latest last. */
interface Loose {
  readonly id: string
  readonly drainsFromMicros: number | null
  readonly before: number
  slots: number
}

/** What a holder has of one limit. */
interface Held extends LeaseKey {
  readonly slots: number
  readonly heldMicros: number
  readonly drainsFromMicros: number | null
}

interface StoredLease {
  readonly workspaceId: string
  readonly limitId: string
  readonly id: string
  readonly slots: number
  readonly holderId: string | null
  readonly heldSince: string
  readonly drainsFrom: string | null
}

const named = ({ id, name, slotLimit }: LimitRow): NamedLimit => ({ id, name, limit: slotLimit })
const microsPerSecond = 1_000_000
/** What clients say of how long they held a slot is believed up to a year. */
const longestObservedSeconds = 365 * 86_400

/**
 * Settles a batch of orders in one transaction: locks the limits that they name, decides in memory in the order in which they came,
 * writes leases. Orders on one limit share the lock, so that a limit that many want costs little more than one that few do.
 */
export async function settleSlots(
  deps: Pick<TransitionDeps, 'sql' | 'nowMicros' | 'dice' | 'signals'>,
  orders: readonly SlotOrder[],
): Promise<(SlotAnswer | Error)[]> {
  const [answers, signals] = (await deps.sql.begin(async (transaction) => {
    const sql = transaction as unknown as Transaction
    const settlement = await Settlement.open(sql, orders, deps.nowMicros(), deps.dice)
    const made = orders.map((order) => settlement.settle(order))
    const renewed = await settlement.write(sql)
    return [made.map((answer, i) => renewed(orders[i], answer)), settlement.signals()]
  })) as [(SlotAnswer | Error)[], readonly Signal[]]
  // After the answers: who was refused before others gave back in this very batch stands in line by then.
  if (signals.length > 0) setImmediate(() => deps.signals.emit(signals))
  return answers
}

class Settlement {
  readonly #nowMicros: number
  readonly #dice: () => number
  readonly #byName = new Map<string, Limit>()
  readonly #byId = new Map<string, Limit>()
  /** Of the limits that slots are given back to. */
  readonly #loose: Map<string, Loose[]>
  /** Leases that are to end, by `workspace id`, a row a limit. */
  readonly #ending: ReadonlyMap<string, readonly StoredLease[]>
  /** By `limit holder`. */
  readonly #held: Map<string, Held>
  readonly #taken = new Map<string, LeaseRow>()
  readonly #ended: (LeaseKey & { readonly limitId: string })[] = []
  readonly #renewals: (LeaseKey & { readonly expiresMicros: number })[] = []

  private constructor(
    nowMicros: number,
    dice: () => number,
    loose: Map<string, Loose[]>,
    ending: ReadonlyMap<string, readonly StoredLease[]>,
    held: Map<string, Held>,
  ) {
    this.#nowMicros = nowMicros
    this.#dice = dice
    this.#loose = loose
    this.#ending = ending
    this.#held = held
  }

  static async open(
    sql: Transaction,
    orders: readonly SlotOrder[],
    nowMicros: number,
    dice: () => number,
  ): Promise<Settlement> {
    const ends = orders.flatMap((order) =>
      order.type === 'end' ? [{ workspaceId: order.workspaceId, id: order.leaseId }] : [],
    )
    const names = new Map<string, { workspaceId: string; name: string }>()
    for (const order of orders) {
      if (order.type !== 'end' && order.type !== 'renew')
        for (const name of order.names)
          names.set(`${order.workspaceId} ${name}`, { workspaceId: order.workspaceId, name })
    }
    // Which limits the leases are on never changes; whether they still are is asked again under the lock.
    const endingOn = ends.length === 0 ? [] : await readLeases(sql, ends)
    const locked = await lockLimitsOf(
      sql,
      [...names.values()],
      endingOn.map(({ workspaceId, limitId }) => ({ workspaceId, id: limitId })),
      nowMicros,
    )
    const keys = [...locked.values()].map(({ row }) => row)
    const given = orders.filter((order) => order.type === 'give')
    const holders = orders.flatMap((order) =>
      order.type === 'give-held'
        ? [{ workspaceId: order.workspaceId, id: order.holderId }]
        : order.type === 'take' && order.once && order.holder
          ? [{ workspaceId: order.workspaceId, id: order.holder.id }]
          : [],
    )
    const [ending, loose, held] = await Promise.all([
      endingOn.length === 0 ? [] : readLeases(sql, ends),
      given.length === 0 || keys.length === 0 ? [] : readLoose(sql, keys),
      holders.length === 0 ? [] : readHeld(sql, holders),
    ])
    const settlement = new Settlement(
      nowMicros,
      dice,
      grouped(
        loose,
        ({ workspaceId, limitId }) => `${workspaceId} ${limitId}`,
        (lease) => ({
          id: lease.id,
          drainsFromMicros: microsOf(lease.drainsFrom),
          before: lease.slots,
          slots: lease.slots,
        }),
      ),
      grouped(
        ending,
        ({ workspaceId, id }) => `${workspaceId} ${id}`,
        (lease) => lease,
      ),
      new Map(
        held.map((lease) => [
          `${lease.limitId} ${lease.holderId}`,
          {
            workspaceId: lease.workspaceId,
            id: lease.id,
            slots: lease.slots,
            drainsFromMicros: microsOf(lease.drainsFrom),
            heldMicros: microsOf(lease.heldSince) ?? nowMicros,
          },
        ]),
      ),
    )
    for (const { row, book } of locked.values()) {
      const key = `${row.workspaceId} ${row.id}`
      if (!settlement.#loose.has(key)) settlement.#loose.set(key, [])
      const secondsSince = (nowMicros - (microsOf(row.updatedAt) ?? nowMicros)) / microsPerSecond
      const denied = deniedSlotsNow(
        {
          decayPerSecond: row.slotDecayPerSecond,
          deniedSlots: row.deniedSlots,
          averageOccupancySeconds: row.averageOccupancySeconds,
        },
        secondsSince,
      )
      const limit: Limit = {
        row,
        book,
        denied,
        average: row.averageOccupancySeconds,
        changed: false,
        freed: 0,
      }
      settlement.#byName.set(`${row.workspaceId} ${row.name}`, limit)
      settlement.#byId.set(key, limit)
    }
    return settlement
  }

  settle(order: SlotOrder): SlotAnswer | Error {
    switch (order.type) {
      case 'take':
        return this.#take(order)
      case 'give':
        return this.#give(order)
      case 'give-held':
        return this.#giveHeld(order)
      case 'end':
        return this.#end(order)
      case 'renew':
        // Whether it lives is known when it is written.
        if (!isEmptyLease(order.leaseId))
          this.#renewals.push({
            workspaceId: order.workspaceId,
            id: order.leaseId,
            expiresMicros: this.#nowMicros + order.seconds * microsPerSecond,
          })
        return { type: 'renewed', alive: isEmptyLease(order.leaseId) }
      default:
        return order satisfies never
    }
  }

  #limitsOf({
    workspaceId,
    names,
  }: {
    readonly workspaceId: string
    readonly names: readonly string[]
  }): Limit[] {
    return [...new Set(names)].flatMap((name) => this.#byName.get(`${workspaceId} ${name}`) ?? [])
  }

  #take(order: TakeSlots): SlotAnswer | Error {
    const { workspaceId, slots, holder } = order
    if (order.signal?.aborted) return { type: 'withdrawn' }
    const limits = this.#limitsOf(order)
    if (limits.length === 0) return { type: 'granted', leaseId: emptyLeaseId(), limits: [] }
    const counted = limits.filter(({ row }) => row.active)
    const isHeld = ({ row }: Limit): boolean =>
      order.once === true && holder !== null && this.#held.has(`${row.id} ${holder.id}`)
    const needed = counted.filter((limit) => !isHeld(limit))
    const refused = refusal(order, needed)
    if (refused) return refused
    const full = needed.filter(({ book }) => !book.hasRoom(slots, this.#nowMicros))
    if (full.length > 0) return this.#deny(order, counted, full)
    const leaseId = needed.length === 0 ? emptyLeaseId() : uuidv7()
    for (const { row, book } of needed) {
      const drainsFromMicros = book.take(slots, this.#nowMicros)
      const lease = { slots, heldMicros: this.#nowMicros, drainsFromMicros }
      const drained = drainedMicros(lease, row.slotDecayPerSecond)
      const key = { workspaceId, id: leaseId }
      this.#taken.set(`${row.id} ${leaseId}`, {
        ...key,
        ...lease,
        limitId: row.id,
        holderType: holder?.type ?? 'client',
        holderId: holder?.id ?? null,
        expiresMicros:
          order.leaseSeconds !== null
            ? this.#nowMicros + order.leaseSeconds * microsPerSecond
            : // What drains by itself is over then.
              Number.isFinite(drained)
              ? Math.ceil(drained)
              : null,
      })
      if (order.once && holder) this.#held.set(`${row.id} ${holder.id}`, { ...key, ...lease })
      else if (order.leaseSeconds === null && holder === null)
        this.#loose.get(`${workspaceId} ${row.id}`)?.push({ id: leaseId, drainsFromMicros, before: 0, slots })
    }
    return { type: 'granted', leaseId, limits: limits.map(({ row }) => named(row)) }
  }

  #deny({ slots, again }: TakeSlots, counted: readonly Limit[], full: readonly Limit[]): SlotAnswer {
    const retryAfter = retryAfterSeconds(
      full.map(({ row, denied, average }) => ({
        name: row.name,
        slots: row.slotLimit,
        decayPerSecond: row.slotDecayPerSecond,
        deniedSlots: denied,
        averageOccupancySeconds: average,
      })),
      slots,
      this.#dice(),
    )
    if (!again) {
      for (const limit of counted) {
        limit.denied += slots
        limit.changed = true
      }
    }
    return {
      type: 'denied',
      reason: `No slot is free of ${full.map(({ row }) => `"${row.name}" (${row.slotLimit})`).join(', ')}.`,
      retryAfterSeconds: retryAfter,
      limitIds: full.map(({ row }) => row.id),
    }
  }

  #give(order: GiveSlots): SlotAnswer {
    const limits = this.#limitsOf(order)
    for (const limit of limits) {
      let left = order.slots
      // The latest first: of a limit that decays, what was taken before is on its way back already.
      for (const loose of [...(this.#loose.get(`${order.workspaceId} ${limit.row.id}`) ?? [])].reverse()) {
        const back = Math.min(left, loose.slots)
        if (back === 0) continue
        loose.slots -= back
        left -= back
        this.#freed(limit, back, loose.drainsFromMicros, null)
      }
      if (order.occupancySeconds !== null) this.#observe(limit, order.occupancySeconds)
    }
    return { type: 'given', limits: limits.map(({ row }) => named(row)) }
  }

  #giveHeld(order: GiveHeldSlots): SlotAnswer {
    const limits = this.#limitsOf(order)
    for (const limit of limits) {
      const key = `${limit.row.id} ${order.holderId}`
      const lease = this.#held.get(key)
      if (!lease) continue
      this.#held.delete(key)
      // Taken in this very batch: it is never written.
      if (!this.#taken.delete(`${limit.row.id} ${lease.id}`))
        this.#ended.push({ workspaceId: order.workspaceId, id: lease.id, limitId: limit.row.id })
      this.#freed(
        limit,
        lease.slots,
        lease.drainsFromMicros,
        order.occupancySeconds ?? this.#secondsSince(lease.heldMicros),
      )
    }
    return { type: 'given', limits: limits.map(({ row }) => named(row)) }
  }

  #end({ workspaceId, leaseId }: EndLease): SlotAnswer {
    const leases = this.#ending.get(`${workspaceId} ${leaseId}`) ?? []
    const limits: NamedLimit[] = []
    for (const lease of leases) {
      const limit = this.#byId.get(`${workspaceId} ${lease.limitId}`)
      if (!limit || this.#ended.some((ended) => ended.id === leaseId && ended.limitId === lease.limitId))
        continue
      this.#ended.push({ workspaceId, id: leaseId, limitId: lease.limitId })
      limits.push(named(limit.row))
      const held = this.#secondsSince(microsOf(lease.heldSince) ?? this.#nowMicros)
      this.#freed(limit, lease.slots, microsOf(lease.drainsFrom), held)
    }
    return { type: 'given', limits }
  }

  #secondsSince(micros: number): number {
    return Math.max(0, (this.#nowMicros - micros) / microsPerSecond)
  }

  #freed(limit: Limit, slots: number, drainsFromMicros: number | null, heldSeconds: number | null): void {
    limit.book.give(slots, drainsFromMicros)
    limit.freed += slots
    if (heldSeconds !== null) this.#observe(limit, heldSeconds)
  }

  #observe(limit: Limit, heldSeconds: number): void {
    limit.average = nextAverageOccupancy(
      limit.average,
      Math.min(heldSeconds, longestObservedSeconds),
      limit.row.slotLimit,
    )
    limit.changed = true
  }

  /** Writes what was decided. Answers how the answer to an order stands after that: renewals are known only now. */
  async write(
    sql: Transaction,
  ): Promise<(order: SlotOrder | undefined, answer: SlotAnswer | Error) => SlotAnswer | Error> {
    const resized: { workspaceId: string; limitId: string; id: string; slots: number }[] = []
    for (const [key, list] of this.#loose) {
      const limit = this.#byId.get(key)
      if (!limit) continue
      const { workspaceId, id: limitId } = limit.row
      for (const { id, before, slots } of list) {
        if (slots === before) continue
        const fresh = this.#taken.get(`${limitId} ${id}`)
        if (!fresh && slots === 0) this.#ended.push({ workspaceId, limitId, id })
        else if (!fresh) resized.push({ workspaceId, limitId, id, slots })
        else if (slots === 0) this.#taken.delete(`${limitId} ${id}`)
        else this.#taken.set(`${limitId} ${id}`, { ...fresh, slots })
      }
    }
    const changed = [...this.#byId.values()].filter((limit) => limit.changed)
    const taken = [...this.#taken.values()]
    const [, , , , renewed] = await Promise.all([
      this.#ended.length > 0 ? deleteLeases(sql, this.#ended) : null,
      resized.length > 0 ? resizeLeases(sql, resized) : null,
      taken.length > 0 ? insertLeases(sql, taken) : null,
      changed.length > 0
        ? updateLimits(
            sql,
            changed.map(({ row, denied, average }) => ({
              ...row,
              deniedSlots: denied,
              averageOccupancySeconds: average,
            })),
            formatInstant(this.#nowMicros),
          )
        : null,
      this.#renewals.length > 0 ? extendLeases(sql, this.#renewals, this.#nowMicros) : [],
    ])
    const alive = new Set(renewed.map(({ workspaceId, id }) => `${workspaceId} ${id}`))
    return (order, answer) =>
      order?.type === 'renew' && alive.has(`${order.workspaceId} ${order.leaseId}`)
        ? { type: 'renewed', alive: true }
        : answer
  }

  /** Limits of which slots came back. */
  signals(): readonly Signal[] {
    return [...this.#byId.values()].flatMap(({ row, freed }): Signal[] =>
      freed === 0
        ? []
        : [{ type: 'slots-free', workspaceId: row.workspaceId, limitId: row.id, slots: freed }],
    )
  }
}

/** What cannot be had however long one waits. */
function refusal({ mode, slots, once }: TakeSlots, limits: readonly Limit[]): SlotAnswer | Error | null {
  const still = mode === 'rate_limit' ? limits.find(({ row }) => row.slotDecayPerSecond <= 0) : undefined
  if (still)
    return new BadInput(
      `The limit "${still.row.name}" has no slot decay, so that it cannot limit a rate. Set slot_decay_per_second, or take slots in mode "concurrency".`,
    )
  const small = limits.find(({ row }) => slots > row.slotLimit)
  if (!small) return null
  if (once)
    return {
      type: 'denied',
      reason: `The concurrency limit on tag "${small.row.name.replace(/^tag:/, '')}" is 0 and will deadlock whatever waits for it.`,
      retryAfterSeconds: null,
      limitIds: [small.row.id],
    }
  return new BadInput('Slots requested is greater than the limit')
}

function grouped<Row, Item>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group) group.push(itemOf(row))
    else groups.set(key, [itemOf(row)])
  }
  return groups
}

const readLeases = (sql: Transaction, keys: readonly LeaseKey[]) => sql<StoredLease[]>`
  select distinct s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from unnest(${plainArray(keys.map((key) => key.workspaceId))}::uuid[], ${plainArray(keys.map((key) => key.id))}::uuid[]) k (workspace_id, id)
  join slot_leases s on s.workspace_id = k.workspace_id and s.id = k.id`

/** Slots without a lease: the operator's last, who set them to stay. */
const readLoose = (sql: Transaction, limits: readonly LimitKey[]) => sql<StoredLease[]>`
  select s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from unnest(${plainArray(limits.map((limit) => limit.workspaceId))}::uuid[], ${plainArray(limits.map((limit) => limit.id))}::uuid[]) k (workspace_id, id)
  join slot_leases s on s.workspace_id = k.workspace_id and s.limit_id = k.id
  where s.holder_id is null and s.holder_type in ('client', 'operator') and (s.expires_at is null or s.drains_from is not null)
  order by s.holder_type = 'client', s.held_since`

const readHeld = (sql: Transaction, holders: readonly LeaseKey[]) => sql<StoredLease[]>`
  select distinct s.workspace_id, s.limit_id, s.id, s.slots, s.holder_id, s.held_since, s.drains_from
  from unnest(${plainArray(holders.map((holder) => holder.workspaceId))}::uuid[], ${plainArray(holders.map((holder) => holder.id))}::uuid[]) k (workspace_id, id)
  join slot_leases s on s.workspace_id = k.workspace_id and s.holder_id = k.id`
