import { RateLimiter } from '../domain/access/rate-limit.ts'

const key = Symbol.for('rigel.sign-in-limit')
const shared = globalThis as { [key]?: RateLimiter }

/** Seconds to wait before this address may try to sign in again; 0: now. Counted for each process. */
export function signInLimit(ipAddress: string | null, nowMs = Date.now()): number {
  // An attempt takes a press and a callback: thirty a minute is fifteen sign-ins from one office.
  shared[key] ??= new RateLimiter({ burst: 40, perMinute: 30 })
  return shared[key].take(ipAddress ?? 'unknown', nowMs)
}
