type Loaded<Value> = { readonly value: Value; readonly loadedAt: number }

export interface MemoryOptions<Value> {
  /** Reads many at once; what is not in the answer is not there. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>
  /** Whether what was read at that instant (performance.now) may still be believed. */
  readonly isFresh: (loadedAt: number) => boolean
  readonly maxEntries: number
}

const maxBatch = 500

/**
 * Remembers what it read for as long as it may be believed, and what was not there too. Concurrent misses share
 * statements, and only one is under way at a time, so a flood of unknown keys costs a trickle of SQL.
 */
export class Memory<Value> {
  readonly #options: MemoryOptions<Value>
  readonly #found = new Map<string, Loaded<Value>>()
  /** Apart, so that a flood of unknown keys cannot push out the known. */
  readonly #missing = new Map<string, Loaded<null>>()
  readonly #waiting = new Map<
    string,
    { promise: Promise<Value | null>; settle: (value: Promise<Value | null> | Value | null) => void }
  >()
  #queue: string[] = []
  #busy = false
  /** Counts what was forgotten: an answer read before that may be stale and is read again. */
  #forgotten = 0

  constructor(options: MemoryOptions<Value>) {
    this.#options = options
  }

  get(key: string): Value | null | Promise<Value | null> {
    const loaded = this.#found.get(key) ?? this.#missing.get(key)
    if (loaded && this.#options.isFresh(loaded.loadedAt)) return loaded.value
    const waiting = this.#waiting.get(key)
    if (waiting) return waiting.promise
    let settle: (value: Promise<Value | null> | Value | null) => void = () => {}
    const promise = new Promise<Value | null>((resolve) => {
      settle = resolve
    })
    this.#waiting.set(key, { promise, settle })
    this.#queue.push(key)
    if (!this.#busy) void this.#drain()
    return promise
  }

  forget(isStale: (value: Value | null, key: string) => boolean): void {
    this.#forgotten++
    for (const map of [this.#found, this.#missing]) {
      for (const [key, { value }] of map) if (isStale(value, key)) map.delete(key)
    }
  }

  get size(): number {
    return this.#found.size + this.#missing.size
  }

  async #drain(): Promise<void> {
    this.#busy = true
    // What is asked for in the same turn goes into the same statement.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const keys = this.#queue.slice(0, maxBatch)
      this.#queue = this.#queue.slice(maxBatch)
      try {
        const { found, loadedAt } = await this.#read(keys)
        for (const key of keys) {
          const value = found.get(key) ?? null
          if (loadedAt !== null) this.#keep(key, value, loadedAt)
          this.#answer(key, value)
        }
      } catch (error) {
        const failed = Promise.reject(error)
        failed.catch(() => {})
        for (const key of keys) this.#answer(key, failed)
      }
    }
    this.#busy = false
  }

  #answer(key: string, value: Promise<Value | null> | Value | null): void {
    const waiting = this.#waiting.get(key)
    this.#waiting.delete(key)
    waiting?.settle(value)
  }

  /** `loadedAt: null`: right when it was read, but too much changes to remember it. */
  async #read(
    keys: readonly string[],
  ): Promise<{ found: ReadonlyMap<string, Value>; loadedAt: number | null }> {
    for (let attempt = 1; ; attempt++) {
      const before = this.#forgotten
      const loadedAt = performance.now()
      const found = await this.#options.load(keys)
      // Something was forgotten while this was read: the statement may have seen the time before.
      if (before === this.#forgotten) return { found, loadedAt }
      if (attempt === 5) return { found, loadedAt: null }
    }
  }

  #keep(key: string, value: Value | null, loadedAt: number): void {
    this.#found.delete(key)
    this.#missing.delete(key)
    const map: Map<string, Loaded<Value | null>> = value === null ? this.#missing : this.#found
    if (map.size >= this.#options.maxEntries) {
      const oldest = map.keys().next()
      if (!oldest.done) map.delete(oldest.value)
    }
    map.set(key, { value, loadedAt })
  }
}
