import { uuidv7 } from '../db/uuid.ts'
import type { LimitLine, Place } from '../domain/limits/line.ts'
import { drainedMicros, type LimitBook } from '../domain/limits/occupancy.ts'
import { deniedSlotsNow, nextAverageOccupancy, retryAfterSeconds } from '../domain/limits/waiting.ts'
import { BadInput } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { emptyLeaseId, isEmptyLease } from './empty-lease.ts'
import type { LimitRow } from './limit-books.ts'
import type { DeploymentSlotFree, SlotsFree } from './signals.ts'
import type { SlotFacts } from './slot-facts.ts'
import { type GivenSlots, type LeaseOutcome, SlotLeases } from './slot-leases.ts'
import { heldSecondsOf } from './slot-occupancy.ts'
import type {
  EndLease,
  GiveHeldSlots,
  GiveSlots,
  NamedLimit,
  SlotAnswer,
  SlotOrder,
  TakeSlots,
} from './slot-orders.ts'
import { placeOf, SlotWaiters, standingOf } from './slot-waiters.ts'
import type { LeaseKey, LeaseRow, LimitState, WaiterKey, WaiterRow } from './slot-writes.ts'
import { microsOf } from './stored.ts'

/** A limit as the batch leaves it. */
interface Limit {
  readonly row: LimitRow
  readonly book: LimitBook
  readonly line: LimitLine
  denied: number
  average: number
  changed: boolean
  /** Slots that came back, or that are no longer kept for somebody. */
  freed: number
  /** Leases had run out, whose slots may be somebody's now. */
  readonly lapsed: boolean
}

/** What is to be written. */
export interface SlotOutcome extends LeaseOutcome {
  readonly limits: readonly LimitState[]
  readonly renewals: readonly (LeaseKey & { readonly expiresMicros: number })[]
  readonly joined: readonly WaiterRow[]
  readonly left: readonly WaiterKey[]
  readonly called: readonly WaiterKey[]
}

const named = ({ id, name, slotLimit }: LimitRow): NamedLimit => ({ id, name, limit: slotLimit })
const microsPerSecond = 1_000_000
/** What clients say of how long they held a slot is believed up to a year. */
const longestObservedSeconds = 365 * 86_400

/**
 * Settles orders one after the other, in memory: what is taken of the limits is known, and they are locked. Nothing is written here;
 * `outcome` says what to.
 */
export class Settlement {
  readonly #nowMicros: number
  readonly #dice: () => number
  readonly #byName = new Map<string, Limit>()
  readonly #byId = new Map<string, Limit>()
  readonly #leases: SlotLeases
  readonly #renewals: (LeaseKey & { readonly expiresMicros: number })[] = []
  readonly #waiters: SlotWaiters

  constructor(facts: SlotFacts, nowMicros: number, dice: () => number) {
    this.#nowMicros = nowMicros
    this.#dice = dice
    this.#waiters = new SlotWaiters(nowMicros)
    this.#leases = new SlotLeases(facts, nowMicros)
    for (const { row, book, line, lapsed } of facts.limits) {
      const limit: Limit = {
        row,
        book,
        line,
        denied: deniedNow(row, nowMicros),
        average: row.averageOccupancySeconds,
        changed: false,
        freed: 0,
        lapsed: lapsed.length > 0,
      }
      this.#byName.set(`${row.workspaceId} ${row.name}`, limit)
      this.#byId.set(`${row.workspaceId} ${row.id}`, limit)
      for (const lease of lapsed) {
        const held = heldSecondsOf(lease, nowMicros)
        if (held !== null) this.#observe(limit, held)
      }
    }
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

  /**
   * Serves those who are the next in line of what came free, and can be called, as though they asked at this moment: so it goes from
   * hand to hand in one transaction. Answers what each is given; null: it has to ask by itself.
   */
  serveNext(call: (id: string) => TakeSlots | null): ReadonlyMap<string, SlotAnswer | null> {
    const answers = new Map<string, SlotAnswer | null>()
    for (const limit of this.#byId.values()) {
      if (!isFreed(limit)) continue
      for (const id of limit.line.next(limit.book.room(this.#nowMicros))) {
        const order = call(id)
        if (order === null) continue
        const answer = this.#isKnown(order) ? this.#take(order) : null
        answers.set(id, answer instanceof Error ? null : answer)
      }
    }
    return answers
  }

  /** All that it is about was read. */
  #isKnown({ workspaceId, names, once }: TakeSlots): boolean {
    return once !== true && names.every((name) => this.#byName.has(`${workspaceId} ${name}`))
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
    const limits = this.#limitsOf(order)
    if (order.signal?.aborted) {
      this.#free(this.#waiters.leave(order, limits))
      return { type: 'withdrawn' }
    }
    if (limits.length === 0) return { type: 'granted', leaseId: emptyLeaseId(), limits: [] }
    const counted = limits.filter(({ row }) => row.active)
    const isHeld = ({ row }: Limit): boolean =>
      order.once === true && holder !== null && this.#leases.isHeld(row.id, holder.id)
    const needed = counted.filter((limit) => !isHeld(limit))
    const refused = refusal(order, needed)
    if (refused) {
      this.#free(this.#waiters.leave(order, limits))
      return refused
    }
    const place = placeOf(order, limits)
    const full = needed.filter(
      ({ book, line }) => !book.hasRoom(slots + line.slotsBefore(place), this.#nowMicros),
    )
    if (full.length > 0) return this.#deny(order, place, { limits, counted, full })
    this.#waiters.leave(order, limits)
    const leaseId = needed.length === 0 ? emptyLeaseId() : uuidv7()
    const givenBy =
      order.once && holder ? 'holder' : order.leaseSeconds === null && holder === null ? 'anybody' : 'lease'
    for (const { row, book } of needed) {
      const drainsFromMicros = book.take(slots, this.#nowMicros)
      const heldMicros = this.#nowMicros
      const drained = drainedMicros({ slots, heldMicros, drainsFromMicros }, row.slotDecayPerSecond)
      const lease: LeaseRow = {
        workspaceId,
        limitId: row.id,
        id: leaseId,
        slots,
        holderType: holder?.type ?? 'client',
        holderId: holder?.id ?? null,
        heldMicros,
        drainsFromMicros,
        expiresMicros:
          order.leaseSeconds !== null
            ? this.#nowMicros + order.leaseSeconds * microsPerSecond
            : // What drains by itself is over then.
              Number.isFinite(drained)
              ? Math.ceil(drained)
              : null,
      }
      this.#leases.take(lease, givenBy)
    }
    return { type: 'granted', leaseId, limits: limits.map(({ row }) => named(row)) }
  }

  #deny(
    order: TakeSlots,
    place: Place,
    { limits, counted, full }: Record<'limits' | 'counted' | 'full', readonly Limit[]>,
  ): SlotAnswer {
    const { slots } = order
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
    if (!order.again) {
      for (const limit of counted) {
        limit.denied += slots
        limit.changed = true
      }
    }
    const standing = standingOf(slots, place, full, this.#nowMicros)
    const { sinceMicros } = standing
    if (order.wait?.stays) this.#waiters.stay(order, order.wait, sinceMicros, { limits, full })
    else this.#free(this.#waiters.goAway(order, sinceMicros, { limits, full }, retryAfter))
    return {
      type: 'denied',
      reason: `No slot is free of ${full.map(({ row }) => `"${row.name}" (${row.slotLimit})`).join(', ')}.`,
      retryAfterSeconds: retryAfter,
      standing,
    }
  }

  /** What was kept for somebody who leaves without it may be had by those behind. */
  #free(kept: ReadonlyMap<Limit, number>): void {
    for (const [limit, slots] of kept) limit.freed += slots
  }

  #give(order: GiveSlots): SlotAnswer {
    const limits = this.#limitsOf(order)
    for (const limit of limits) {
      for (const given of this.#leases.giveLoose(order.workspaceId, limit.row.id, order.slots))
        this.#freed(limit, given, null)
      if (order.occupancySeconds !== null) this.#observe(limit, order.occupancySeconds)
    }
    return { type: 'given', limits: limits.map(({ row }) => named(row)) }
  }

  #giveHeld(order: GiveHeldSlots): SlotAnswer {
    const limits = this.#limitsOf(order)
    for (const limit of limits) {
      const given = this.#leases.giveHeld(limit.row.id, order.holderId)
      if (given) this.#freed(limit, given, order.occupancySeconds ?? this.#secondsSince(given.heldMicros))
    }
    return { type: 'given', limits: limits.map(({ row }) => named(row)) }
  }

  #end({ workspaceId, leaseId }: EndLease): SlotAnswer {
    const limits: NamedLimit[] = []
    for (const given of this.#leases.end(workspaceId, leaseId)) {
      const limit = this.#byId.get(`${workspaceId} ${given.limitId}`)
      if (!limit) continue
      limits.push(named(limit.row))
      this.#freed(limit, given, this.#secondsSince(given.heldMicros))
    }
    return { type: 'given', limits }
  }

  #secondsSince(micros: number): number {
    return Math.max(0, (this.#nowMicros - micros) / microsPerSecond)
  }

  #freed(limit: Limit, { slots, drainsFromMicros }: GivenSlots, heldSeconds: number | null): void {
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

  outcome(): SlotOutcome {
    for (const limit of this.#byId.values()) this.#waiters.call(limit)
    return {
      ...this.#leases.outcome(),
      limits: [...this.#byId.values()]
        .filter((limit) => limit.changed)
        .map(({ row: { workspaceId, id, deniedSlots, updatedAt }, denied, average }) => ({
          workspaceId,
          id,
          deniedSlots: denied,
          averageOccupancySeconds: average,
          // What was denied is forgotten by the second: whoever gives back all the while must not begin the second anew.
          updatedAt: denied === deniedSlots ? updatedAt : formatInstant(this.#nowMicros),
        })),
      renewals: this.#renewals,
      joined: this.#waiters.joined,
      left: this.#waiters.left,
      called: this.#waiters.called,
    }
  }

  #freedLimits(): Limit[] {
    return [...this.#byId.values()].filter(isFreed)
  }

  /** Limits of which slots came back. */
  freed(): readonly { readonly workspaceId: string; readonly limitId: string }[] {
    return this.#freedLimits().map(({ row }) => ({ workspaceId: row.workspaceId, limitId: row.id }))
  }

  /** Limits of which there may be slots for those who wait, and for how many runs, which have to be made due for theirs. */
  signals(): readonly (SlotsFree | DeploymentSlotFree)[] {
    return this.#freedLimits().flatMap(({ row, book, line, freed }) => {
      const { workspaceId, id: limitId } = row
      const ids = line.next(book.room(this.#nowMicros))
      const next = ids.filter((id) => !line.get(id)?.isRun)
      const free = { type: 'slots-free', workspaceId, limitId, slots: freed, next } as const
      const runs = ids.length - next.length
      return runs === 0
        ? [free]
        : [free, { type: 'deployment-slot-free', workspaceId, of: { limitId }, slots: runs } as const]
    })
  }
}

const isFreed = ({ freed, lapsed }: Limit): boolean => freed > 0 || lapsed

/** What is left of the slots that were denied. */
function deniedNow(row: LimitRow, nowMicros: number): number {
  const { slotDecayPerSecond, deniedSlots, averageOccupancySeconds, updatedAt } = row
  const secondsSince = (nowMicros - (microsOf(updatedAt) ?? nowMicros)) / microsPerSecond
  return deniedSlotsNow(
    { decayPerSecond: slotDecayPerSecond, deniedSlots, averageOccupancySeconds },
    secondsSince,
  )
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
      standing: null,
    }
  return new BadInput('Slots requested is greater than the limit')
}
