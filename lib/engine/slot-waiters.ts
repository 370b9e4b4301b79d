import { type LimitLine, lastPlace, type Place } from '../domain/limits/line.ts'
import type { LimitBook } from '../domain/limits/occupancy.ts'
import type { LimitRow } from './limit-books.ts'
import type { OpenWait, Standing, WantedSlots } from './slot-orders.ts'
import { calledMicros, presenceMicros, type WaiterKey, type WaiterRow, waiterAway } from './slot-writes.ts'

interface Limit {
  readonly row: LimitRow
  readonly line: LimitLine
}

const microsPerSecond = 1_000_000

/** Where somebody stands: where it was found the last time, by its open request or as the holder that it would be. */
export function placeOf({ wait, holder }: WantedSlots, limits: readonly Limit[]): Place {
  let sinceMicros = wait?.sinceMicros ?? lastPlace.sinceMicros
  for (const { line } of limits) {
    if (wait) sinceMicros = Math.min(sinceMicros, line.get(wait.id)?.sinceMicros ?? sinceMicros)
    if (holder) sinceMicros = Math.min(sinceMicros, line.get(holder.id)?.sinceMicros ?? sinceMicros)
  }
  return sinceMicros === lastPlace.sinceMicros
    ? lastPlace
    : { sinceMicros, id: wait?.id ?? holder?.id ?? lastPlace.id }
}

/** Where somebody stands whom these limits refuse, before it is put in their lines. */
export function standingOf(
  slots: number,
  place: Place,
  full: readonly (Limit & { readonly book: LimitBook })[],
  nowMicros: number,
): Standing {
  // Slots are idle, kept for some before it: they come for them, or lose their places.
  const areCalled = full.every(
    ({ book, line }) => book.hasRoom(slots, nowMicros) && line.next(book.room(nowMicros)).length > 0,
  )
  const roomMicros = full.map(({ book, line }) => book.roomMicros(slots + line.slotsBefore(place), nowMicros))
  return {
    limitIds: full.map(({ row }) => row.id),
    isNear: full.every(({ row, line }) => line.slotsBefore(place) < row.slotLimit),
    roomInSeconds:
      Math.min(Math.max(...roomMicros) - nowMicros, areCalled ? calledMicros : Number.POSITIVE_INFINITY) /
      microsPerSecond,
    sinceMicros: Math.min(place.sinceMicros, nowMicros),
    isPassedOver: full.some(({ line }) => line.hasPresentAfter(place)),
  }
}

/** Keeps the lines of limits as a batch of orders goes on, and what of them is to be written. */
export class SlotWaiters {
  readonly #nowMicros: number
  /** By `limit waiter`. */
  readonly #joined = new Map<string, WaiterRow>()
  readonly #left = new Map<string, WaiterKey>()
  readonly #called: WaiterKey[] = []

  constructor(nowMicros: number) {
    this.#nowMicros = nowMicros
  }

  /**
   * Stands in the line of each limit that refused it, for as long as they do. The places that it has in others lapse: a slot is kept
   * for a while for whoever waits for another one, so that both may be had at once, but not for as long as that takes.
   */
  stay(
    { workspaceId, slots, holder }: WantedSlots,
    { id }: OpenWait,
    sinceMicros: number,
    { limits, full }: Record<'limits' | 'full', readonly Limit[]>,
  ): void {
    if (holder) for (const limit of limits) this.#leaveLine(limit, holder.id)
    for (const limit of full) {
      // Its place is renewed for as long as it stays, whether it looks or not; but for one that was called, who comes at this moment.
      const known = limit.line.get(id)
      if (known && (known.lapsesMicros ?? Number.POSITIVE_INFINITY) > this.#nowMicros + calledMicros) continue
      this.#join(limit, {
        workspaceId,
        limitId: limit.row.id,
        id,
        slots,
        holderType: holder?.type ?? 'client',
        holderId: holder?.id ?? null,
        sinceMicros,
        asksAgainMicros: null,
        lapsesMicros: this.#nowMicros + presenceMicros,
      })
    }
  }

  /**
   * Whoever says who it is finds its place again when it asks the next time; nothing is kept for it until then. Answers what was.
   */
  goAway<Its extends Limit>(
    wanted: WantedSlots,
    sinceMicros: number,
    { limits, full }: Record<'limits' | 'full', readonly Its[]>,
    retryAfterSeconds: number,
  ): ReadonlyMap<Its, number> {
    const kept = this.leave(wanted, limits)
    const { workspaceId, slots, holder } = wanted
    if (holder) {
      const asksAgainMicros = Math.round(this.#nowMicros + retryAfterSeconds * microsPerSecond)
      for (const limit of full)
        this.#join(
          limit,
          waiterAway(
            { workspaceId, limitId: limit.row.id, id: holder.id },
            { slots, holderType: holder.type },
            sinceMicros,
            asksAgainMicros,
          ),
        )
    }
    return kept
  }

  /** Those who may have what is free of a limit, and do not stand before this writer, come for it soon, or their places lapse. */
  call({ row, line, book }: Limit & { readonly book: LimitBook }): void {
    const { workspaceId, id: limitId } = row
    for (const id of line.next(book.room(this.#nowMicros))) {
      const waiter = line.get(id)
      if (waiter?.isRun || (waiter?.lapsesMicros ?? 0) <= this.#nowMicros + calledMicros) continue
      this.#called.push({ workspaceId, limitId, id })
    }
  }

  /** It waits no longer, neither by its open request nor as its holder. Answers how many slots of which limits were kept for it. */
  leave<Its extends Limit>({ wait, holder }: WantedSlots, limits: readonly Its[]): ReadonlyMap<Its, number> {
    const kept = new Map<Its, number>()
    if (!wait && !holder) return kept
    for (const limit of limits) {
      if (holder) this.#leaveLine(limit, holder.id)
      const waiter = wait && this.#leaveLine(limit, wait.id)
      if (waiter) kept.set(limit, waiter.slots)
    }
    return kept
  }

  #join({ row, line }: Limit, waiter: WaiterRow): void {
    const { id, slots, sinceMicros, asksAgainMicros } = waiter
    line.join({ id, slots, sinceMicros, isPresent: asksAgainMicros === null })
    this.#left.delete(`${row.id} ${id}`)
    this.#joined.set(`${row.id} ${id}`, waiter)
  }

  #leaveLine({ row, line }: Limit, id: string): { readonly slots: number } | undefined {
    const waiter = line.leave(id)
    if (!waiter) return undefined
    this.#joined.delete(`${row.id} ${id}`)
    this.#left.set(`${row.id} ${id}`, { workspaceId: row.workspaceId, limitId: row.id, id })
    return waiter
  }

  get joined(): readonly WaiterRow[] {
    return [...this.#joined.values()]
  }

  /** Who is called: those whose places end sooner. */
  get called(): readonly WaiterKey[] {
    return this.#called
  }

  get left(): readonly WaiterKey[] {
    return [...this.#left.values()]
  }
}
