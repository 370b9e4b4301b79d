/**
 * How much of a limit is taken.
 *
 * A slot is a lease. Where slots come back by themselves (a rate limit) they do so in the order in which they were taken,
 * at the limit's decay: each lease knows from when its own slots drain, so that leases can be counted, and go, one by one.
 */
export interface Lease {
  readonly slots: number
  readonly heldMicros: number
  /** null: the limit did not decay when the lease was taken. */
  readonly drainsFromMicros: number | null
}

const microsPerSecond = 1_000_000
/** A hundred years: what takes longer to drain does not drain, and its instant need not be one that can be written. */
const foreverMicros = 100 * 365.25 * 86_400 * microsPerSecond

/** When the last slot of the lease has come back; infinity: never, or in more than a hundred years. */
export function drainedMicros(lease: Lease, decayPerSecond: number): number {
  const takesMicros = (lease.slots / decayPerSecond) * microsPerSecond
  return decayPerSecond > 0 && takesMicros < foreverMicros
    ? (lease.drainsFromMicros ?? lease.heldMicros) + takesMicros
    : Number.POSITIVE_INFINITY
}

/** Slots of the lease that are still out. Whole ones: a slot is back when all of it is. */
export function slotsOut(lease: Lease, decayPerSecond: number, nowMicros: number): number {
  if (decayPerSecond <= 0) return lease.slots
  const seconds = (nowMicros - (lease.drainsFromMicros ?? lease.heldMicros)) / microsPerSecond
  return Math.min(lease.slots, Math.max(0, lease.slots - Math.floor(decayPerSecond * seconds)))
}

/** A limit, and the slots that are out of it, as one writer sees them under the limit's lock. Counts what it takes itself. */
export class LimitBook {
  readonly #decay: number
  readonly #limit: number
  #leases: Lease[]

  constructor(limit: { readonly slots: number; readonly decayPerSecond: number }, leases: readonly Lease[]) {
    this.#limit = limit.slots
    this.#decay = limit.decayPerSecond
    this.#leases = [...leases]
  }

  taken(nowMicros: number): number {
    let out = 0
    for (const lease of this.#leases) out += slotsOut(lease, this.#decay, nowMicros)
    return out
  }

  /** Slots that are not out; less than none where the limit was lowered. */
  room(nowMicros: number): number {
    return this.#limit - this.taken(nowMicros)
  }

  hasRoom(slots: number, nowMicros: number): boolean {
    return slots <= this.room(nowMicros)
  }

  /**
   * When so many more slots will have come back by themselves, some of which others may take as they come; infinity: never. It is when
   * somebody may have slots before whom others stand who want the rest.
   */
  roomMicros(slots: number, nowMicros: number): number {
    let excess = this.taken(nowMicros) + slots - this.#limit
    if (excess <= 0) return nowMicros
    if (this.#decay <= 0) return Number.POSITIVE_INFINITY
    // One lease drains after the other.
    const from = (lease: Lease): number => lease.drainsFromMicros ?? lease.heldMicros
    for (const lease of [...this.#leases].sort((a, b) => from(a) - from(b))) {
      const out = slotsOut(lease, this.#decay, nowMicros)
      if (out >= excess) return from(lease) + ((lease.slots - out + excess) / this.#decay) * microsPerSecond
      excess -= out
    }
    return this.#queueEnds(nowMicros) + (excess / this.#decay) * microsPerSecond
  }

  /** Takes slots, whether there is room or not, and answers from when they drain. */
  take(slots: number, nowMicros: number): number | null {
    const drainsFromMicros = this.#decay > 0 ? this.#queueEnds(nowMicros) : null
    this.#leases.push({ slots, heldMicros: nowMicros, drainsFromMicros })
    return drainsFromMicros
  }

  /** Slots come back before their time. */
  give(slots: number, drainsFromMicros: number | null): void {
    const same = this.#leases.findIndex(
      (lease) => lease.drainsFromMicros === drainsFromMicros && lease.slots >= slots,
    )
    const lease = this.#leases[same]
    if (lease === undefined) return
    if (lease.slots === slots) this.#leases.splice(same, 1)
    else this.#leases[same] = { ...lease, slots: lease.slots - slots }
  }

  /** When everything that is out will have drained: what is taken next begins then. */
  #queueEnds(nowMicros: number): number {
    let end = nowMicros
    for (const lease of this.#leases) end = Math.max(end, drainedMicros(lease, this.#decay))
    return Math.round(Math.min(end, nowMicros + foreverMicros))
  }
}
