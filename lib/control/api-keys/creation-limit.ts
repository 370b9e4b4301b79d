import { RateLimiter } from '../../domain/access/rate-limit.ts'
import { Problem } from '../../domain/problem.ts'

const key = Symbol.for('rigel.key-creation-limit')
const shared = globalThis as { [key]?: RateLimiter }

/** Throws when this user makes keys faster than any person or provisioning tool does. Counted for each process. */
export function limitKeyCreation(userId: string, nowMs = Date.now()): void {
  shared[key] ??= new RateLimiter({ burst: 60, perMinute: 60 })
  const retryAfter = shared[key].take(userId, nowMs)
  if (retryAfter > 0) {
    throw new Problem('too-many', `Too many API keys were made in a minute. Try again in ${retryAfter} s.`, {
      retryAfter,
    })
  }
}
