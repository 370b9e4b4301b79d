export interface Backoff {
  readonly baseMs: number
  readonly capMs: number
}

export const DEFAULT_BACKOFF: Backoff = { baseMs: 250, capMs: 15_000 }

/**
 * Milliseconds to wait before attempt number `attempt` (1 is the first retry): doubles from `baseMs`, never more
 * than `capMs`, and a random half of it is left out, so that a thousand agents do not return in one instant.
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: Backoff,
  random: () => number = Math.random,
): number {
  if (attempt < 1) throw new RangeError('attempts are counted from 1')
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + (full / 2) * random()
}
