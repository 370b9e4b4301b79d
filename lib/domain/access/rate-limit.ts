export interface RateLimit {
  /** How many may come at once. */
  readonly burst: number
  /** How many more each minute. */
  readonly perMinute: number
}

/**
 * A token bucket for each key (a user, an address). The caller brings the clock.
 * Bounded: past `maxKeys` the fullest buckets, which remember nothing worth keeping, are forgotten first.
 */
export class RateLimiter {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #limit: RateLimit
  readonly #maxKeys: number

  constructor(limit: RateLimit, maxKeys = 10_000) {
    this.#limit = limit
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#buckets.size
  }

  /** 0 when it may go on, else the seconds to wait. */
  take(key: string, nowMs: number): number {
    const { burst, perMinute } = this.#limit
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: nowMs }
    const tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.at) / 60_000) * perMinute)
    if (tokens < 1) {
      this.#buckets.set(key, { tokens, at: nowMs })
      return Math.max(1, Math.ceil(((1 - tokens) / perMinute) * 60))
    }
    if (!this.#buckets.has(key) && this.#buckets.size >= this.#maxKeys) this.#forget(nowMs)
    this.#buckets.set(key, { tokens: tokens - 1, at: nowMs })
    return 0
  }

  #forget(nowMs: number): void {
    const { burst, perMinute } = this.#limit
    for (const [key, bucket] of this.#buckets) {
      if (bucket.tokens + ((nowMs - bucket.at) / 60_000) * perMinute >= burst) this.#buckets.delete(key)
    }
    // All of them are busy: somebody sends from many addresses. Forgetting the oldest tenth keeps the memory bounded.
    if (this.#buckets.size < this.#maxKeys) return
    let drop = Math.ceil(this.#maxKeys / 10)
    for (const key of this.#buckets.keys()) {
      if (drop-- <= 0) break
      this.#buckets.delete(key)
    }
  }
}
