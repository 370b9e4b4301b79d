/** How long to wait for slots that are not to be had now: what clients are told, so that they do not all come back at once. */

export interface BusyLimit {
  readonly name: string
  readonly slots: number
  readonly decayPerSecond: number
  /** Slots that others asked for in vain of late. */
  readonly deniedSlots: number
  readonly averageOccupancySeconds: number
}

const longestWaitSeconds = 30
/** A task that waits for its tag's slot should not sleep past it for long. */
const longestTagWaitSeconds = 10
const tagPrefix = 'tag:'
const jitter = 0.3

/** Seconds until the slots may be there, on average; at most 30, or 10 for a tag. */
export function meanWaitSeconds(limit: BusyLimit, slots: number): number {
  const longest = limit.name.startsWith(tagPrefix) ? longestTagWaitSeconds : longestWaitSeconds
  const wanted = slots + limit.deniedSlots
  const seconds =
    limit.decayPerSecond > 0
      ? wanted / limit.decayPerSecond
      : (Math.min(limit.averageOccupancySeconds, longest) * wanted) / Math.max(1, limit.slots)
  return Math.min(longest, seconds)
}

/**
 * Seconds to tell a client to wait: around the mean of the slowest limit, spread as the gaps between random arrivals are, but never
 * further than 30 % from it. `dice` is 0 ≤ x < 1.
 */
export function retryAfterSeconds(limits: readonly BusyLimit[], slots: number, dice: number): number {
  const mean = Math.max(0, ...limits.map((limit) => meanWaitSeconds(limit, slots)))
  const share = (x: number): number => 1 - Math.exp(-x)
  const [low, high] = [share(1 - jitter), share(1 + jitter)]
  return mean * -Math.log(1 - (low + dice * (high - low)))
}

const quickestOccupancySeconds = 0.1

/** What is left of the slots that were denied: they are forgotten as fast as slots come back. */
export function deniedSlotsNow(
  limit: Omit<BusyLimit, 'name' | 'slots'>,
  secondsSinceLastDenial: number,
): number {
  const perSecond =
    limit.decayPerSecond > 0
      ? limit.decayPerSecond
      : 1 / Math.max(limit.averageOccupancySeconds, quickestOccupancySeconds)
  return Math.max(0, limit.deniedSlots - Math.floor(perSecond * Math.max(0, secondsSinceLastDenial)))
}

/** The average after one more slot was held this long. It follows slowly: a limit of n slots remembers about 2n of them. */
export function nextAverageOccupancy(
  averageSeconds: number,
  heldSeconds: number,
  limitSlots: number,
): number {
  const weight = 1 / (2 * Math.max(1, limitSlots))
  return averageSeconds + (heldSeconds - averageSeconds) * weight
}
