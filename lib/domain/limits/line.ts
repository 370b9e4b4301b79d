/** Where somebody stands in the line of a limit: who came first is before the others, on whatever replica they wait. */
export interface Place {
  readonly sinceMicros: number
  /** Settles who of two that came in one microsecond is first. */
  readonly id: string
}

export interface Waiter extends Place {
  readonly slots: number
  /** Its request is open: it takes what comes free. Others ask again later, and nothing is kept for them until then. */
  readonly isPresent: boolean
  /** It is a run that waits for a slot of its deployment: somebody has to make it due when it may have one. */
  readonly isRun?: boolean
  /** Until when its place is kept without a sign of life. */
  readonly lapsesMicros?: number
}

/** Of those who are in no line. */
export const lastPlace: Place = { sinceMicros: Number.POSITIVE_INFINITY, id: '' }

export const isBefore = (a: Place, b: Place): boolean =>
  a.sinceMicros < b.sinceMicros || (a.sinceMicros === b.sinceMicros && a.id < b.id)

/**
 * Who waits for slots of one limit, as one writer sees them under the limit's lock.
 *
 * A limit keeps for those who are present what they wait for, in the order in which they came; others may have what is left beyond
 * that. Since an order that wants slots of several limits stands at the same place in each line, whoever has waited longest of all is
 * kept from nothing by anybody: no two orders can wait for each other.
 */
export class LimitLine {
  readonly #waiters = new Map<string, Waiter>()

  constructor(waiters: Iterable<Waiter>) {
    for (const waiter of waiters) this.#waiters.set(waiter.id, waiter)
  }

  get(id: string): Waiter | undefined {
    return this.#waiters.get(id)
  }

  /** Slots that are kept for those who stand before a place. */
  slotsBefore(place: Place): number {
    let slots = 0
    for (const waiter of this.#waiters.values())
      if (waiter.isPresent && isBefore(waiter, place)) slots += waiter.slots
    return slots
  }

  /** Those who are present and may have what is free of so many slots, in the order of their places. */
  next(room: number): string[] {
    const ids: string[] = []
    let left = room
    for (const { id, slots } of [...this.#waiters.values()]
      .filter((waiter) => waiter.isPresent)
      .sort((a, b) => (isBefore(a, b) ? -1 : 1))) {
      left -= slots
      // Nobody overtakes whoever waits for more than there is.
      if (left < 0) break
      ids.push(id)
    }
    return ids
  }

  /** Somebody who is present would be served before whoever comes back to this place. */
  hasPresentAfter(place: Place): boolean {
    for (const waiter of this.#waiters.values()) if (waiter.isPresent && isBefore(place, waiter)) return true
    return false
  }

  join(waiter: Waiter): void {
    this.#waiters.set(waiter.id, waiter)
  }

  leave(id: string): Waiter | undefined {
    const waiter = this.#waiters.get(id)
    this.#waiters.delete(id)
    return waiter
  }
}
