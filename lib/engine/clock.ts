let origin = performance.timeOrigin

/** Microseconds since 1970. Steps with the monotonic clock, and follows the system's when that was set. */
export function nowMicros(): number {
  const now = origin + performance.now()
  const drift = Date.now() - now
  if (drift > 50 || drift < -50) {
    origin += drift
    return Math.round((now + drift) * 1000)
  }
  return Math.round(now * 1000)
}
