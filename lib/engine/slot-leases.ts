import { grouped } from './grouped.ts'
import type { SlotFacts, StoredLease } from './slot-facts.ts'
import type { LeaseKey, LeaseRow } from './slot-writes.ts'
import { microsOf } from './stored.ts'

/** Slots of one limit that came back. */
export interface GivenSlots {
  readonly slots: number
  readonly heldMicros: number
  readonly drainsFromMicros: number | null
}

/** Slots that can be given back without naming a lease. */
interface Loose extends GivenSlots {
  readonly workspaceId: string
  readonly limitId: string
  readonly id: string
  /** How many of them are left. */
  left: number
}

type Held = GivenSlots & LeaseKey

type EndedKey = LeaseKey & { readonly limitId: string }

/** What of leases is to be written. */
export interface LeaseOutcome {
  readonly ended: readonly EndedKey[]
  readonly resized: readonly (EndedKey & { readonly slots: number })[]
  readonly taken: readonly LeaseRow[]
}

/** Keeps the leases of limits as a batch of orders goes on. */
export class SlotLeases {
  readonly #nowMicros: number
  /** By `workspace limit`, the latest last: of the limits that slots are given back to. */
  readonly #loose: Map<string, Loose[]>
  /** By `workspace id`. */
  readonly #ending: ReadonlyMap<string, readonly StoredLease[]>
  /** By `limit holder`. */
  readonly #held: Map<string, Held>
  /** By `limit id`. */
  readonly #taken = new Map<string, LeaseRow>()
  readonly #ended: EndedKey[] = []

  constructor({ loose, ending, held }: Pick<SlotFacts, 'loose' | 'ending' | 'held'>, nowMicros: number) {
    this.#nowMicros = nowMicros
    this.#loose = grouped(
      loose,
      ({ workspaceId, limitId }) => `${workspaceId} ${limitId}`,
      (lease) => this.#looseOf({ ...lease, ...this.#given(lease) }),
    )
    this.#ending = grouped(
      ending,
      ({ workspaceId, id }) => `${workspaceId} ${id}`,
      (lease) => lease,
    )
    this.#held = new Map(
      held.map((lease) => [
        `${lease.limitId} ${lease.holderId}`,
        { workspaceId: lease.workspaceId, id: lease.id, ...this.#given(lease) },
      ]),
    )
  }

  #given({ slots, heldSince, drainsFrom }: StoredLease): GivenSlots {
    return {
      slots,
      heldMicros: microsOf(heldSince) ?? this.#nowMicros,
      drainsFromMicros: microsOf(drainsFrom),
    }
  }

  #looseOf({ workspaceId, limitId, id, slots, heldMicros, drainsFromMicros }: Omit<Loose, 'left'>): Loose {
    return { workspaceId, limitId, id, slots, heldMicros, drainsFromMicros, left: slots }
  }

  isHeld(limitId: string, holderId: string): boolean {
    return this.#held.has(`${limitId} ${holderId}`)
  }

  /** `givenBy`: by its lease only, by naming its holder, who takes no second one, or by anybody who names the limit. */
  take(lease: LeaseRow, givenBy: 'lease' | 'holder' | 'anybody'): void {
    const { workspaceId, limitId, id, slots, heldMicros, drainsFromMicros } = lease
    this.#taken.set(`${limitId} ${id}`, lease)
    if (givenBy === 'holder')
      this.#held.set(`${limitId} ${lease.holderId}`, {
        workspaceId,
        id,
        slots,
        heldMicros,
        drainsFromMicros,
      })
    else if (givenBy === 'anybody') {
      const key = `${workspaceId} ${limitId}`
      const list = this.#loose.get(key) ?? []
      this.#loose.set(key, list)
      list.push(this.#looseOf(lease))
    }
  }

  /** Gives back slots of a limit without naming a lease; no more than there are. */
  giveLoose(workspaceId: string, limitId: string, slots: number): readonly GivenSlots[] {
    const given: GivenSlots[] = []
    let wanted = slots
    // The latest first: of a limit that decays, what was taken before is on its way back already.
    for (const loose of [...(this.#loose.get(`${workspaceId} ${limitId}`) ?? [])].reverse()) {
      const back = Math.min(wanted, loose.left)
      if (back === 0) continue
      loose.left -= back
      wanted -= back
      given.push({ slots: back, heldMicros: loose.heldMicros, drainsFromMicros: loose.drainsFromMicros })
    }
    return given
  }

  /** Gives back what a holder has of a limit. */
  giveHeld(limitId: string, holderId: string): GivenSlots | null {
    const key = `${limitId} ${holderId}`
    const lease = this.#held.get(key)
    if (!lease) return null
    this.#held.delete(key)
    // Taken in this very batch: it is never written.
    if (!this.#taken.delete(`${limitId} ${lease.id}`))
      this.#ended.push({ workspaceId: lease.workspaceId, id: lease.id, limitId })
    return lease
  }

  /** Gives back the slots of a lease, of each limit that it is on. */
  end(workspaceId: string, id: string): readonly (GivenSlots & { readonly limitId: string })[] {
    const leases = (this.#ending.get(`${workspaceId} ${id}`) ?? []).filter(
      ({ limitId }) => !this.#ended.some((ended) => ended.id === id && ended.limitId === limitId),
    )
    for (const { limitId } of leases) this.#ended.push({ workspaceId, id, limitId })
    return leases.map((lease) => ({ limitId: lease.limitId, ...this.#given(lease) }))
  }

  outcome(): LeaseOutcome {
    const taken = new Map(this.#taken)
    const ended = [...this.#ended]
    const resized: (EndedKey & { slots: number })[] = []
    for (const { workspaceId, limitId, id, slots, left } of [...this.#loose.values()].flat()) {
      const key = `${limitId} ${id}`
      const fresh = taken.get(key)
      if (left === slots) continue
      if (!fresh && left === 0) ended.push({ workspaceId, limitId, id })
      else if (!fresh) resized.push({ workspaceId, limitId, id, slots: left })
      else if (left === 0) taken.delete(key)
      else taken.set(key, { ...fresh, slots: left })
    }
    return { ended, resized, taken: [...taken.values()] }
  }
}
