const FIRST_SECONDS = 5
const LONGEST_SECONDS = 60

/**
 * Receivers that could not be reached lately, by the block that leads to them. They are left alone for a while, longer each time, so
 * that a tenant whose receiver hangs does not keep the others' notifications waiting.
 */
export class RestingReceivers {
  readonly #rests = new Map<string, { readonly untilMicros: number; readonly seconds: number }>()

  /** What failed at the same time fails once. */
  failed(blockId: string, nowMicros: number): void {
    const last = this.#rests.get(blockId)
    if (last && last.untilMicros > nowMicros) return
    const seconds = last ? Math.min(LONGEST_SECONDS, last.seconds * 2) : FIRST_SECONDS
    this.#rests.set(blockId, { untilMicros: nowMicros + seconds * 1e6, seconds })
  }

  worked(blockId: string): void {
    this.#rests.delete(blockId)
  }

  /** Who is to be left alone now. One that nobody sent to for long is forgotten. */
  resting(nowMicros: number): string[] {
    for (const [id, { untilMicros }] of this.#rests)
      if (untilMicros < nowMicros - 10 * LONGEST_SECONDS * 1e6) this.#rests.delete(id)
    return [...this.#rests].filter(([, { untilMicros }]) => untilMicros > nowMicros).map(([id]) => id)
  }
}
