interface Refable {
  ref(): unknown
  unref(): unknown
}

/**
 * Whether our sockets and timers keep the process alive. They do only while something must still be delivered:
 * a script that has ended and has reported everything must end by itself.
 */
export class Hold {
  private readonly things = new Set<Refable>()
  private holders = 0

  /** Keeps the process alive until `release` was called as often. */
  acquire(): void {
    if (this.holders++ === 0) for (const thing of this.things) this.apply(thing)
  }

  release(): void {
    if (--this.holders === 0) for (const thing of this.things) this.apply(thing)
  }

  /** Answers a function that forgets the thing. */
  track(thing: Refable): () => void {
    this.things.add(thing)
    this.apply(thing)
    return () => this.things.delete(thing)
  }

  private apply(thing: Refable): void {
    if (this.holders > 0) thing.ref()
    else thing.unref()
  }

  /** Resolves after `ms`, or when the signal aborts, whichever comes first. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        forget()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      const forget = this.track(timer)
      signal.addEventListener('abort', end, { once: true })
    })
  }
}
