/** Lets work on the same things go one after the other, in the order in which it was announced, and all else side by side. */
export class Turns {
  /** By thing: settles when all who came before are done with it. */
  readonly #last = new Map<string, Promise<void>>()

  /**
   * Runs `work` when everybody who named one of these things before is done, whatever became of them. Nobody waits in a circle:
   * each waits for earlier ones only.
   */
  async take<Result>(things: Iterable<string>, work: () => Promise<Result>): Promise<Result> {
    const mine = [...new Set(things)]
    const before = mine.flatMap((thing) => this.#last.get(thing) ?? [])
    let done = (): void => {}
    const turn = new Promise<void>((resolve) => {
      done = resolve
    })
    for (const thing of mine) this.#last.set(thing, turn)
    try {
      if (before.length > 0) await Promise.all(before)
      return await work()
    } finally {
      done()
      for (const thing of mine) if (this.#last.get(thing) === turn) this.#last.delete(thing)
    }
  }

  get size(): number {
    return this.#last.size
  }
}
