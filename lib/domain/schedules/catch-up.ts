import { fireTimes } from './fire-times.ts'
import type { Schedule } from './schedule.ts'

/**
 * What happens to times that passed while nothing could run: the server was down, or the deployment was paused. `late` is what
 * holds when nobody said anything: runs that were there already run late, and other times are passed over.
 */
export const catchUpPolicies = ['late', 'all', 'latest', 'none', 'last'] as const
export type CatchUpKind = (typeof catchUpPolicies)[number]

export type CatchUpPolicy =
  | { readonly kind: 'late' | 'all' | 'latest' | 'none' }
  /** The last `count` of them. */
  | { readonly kind: 'last'; readonly count: number }

/** What holds when nobody said anything. */
export const unsaidCatchUp: CatchUpPolicy = { kind: 'late' }

/** Whether times that were missed get runs afterwards: all that the hosted API's `catchup` can say of a policy. */
export const catchesUp = ({ kind }: CatchUpPolicy): boolean => kind !== 'late' && kind !== 'none'

/** A policy as it is kept. */
export interface KeptCatchUp {
  readonly policy: CatchUpPolicy
  /** A deploy that asked to catch up put the policy in the place of this one, which the next that does not brings back. */
  readonly over: CatchUpPolicy | null
}

/**
 * What somebody says of the policy: another one, or whether to catch up at all. `deployed`: the same said by a deploy, which always
 * says it; no then means that nobody asked for it there.
 */
export type SaidOfCatchUp = CatchUpPolicy | boolean | { readonly deployed: boolean }

/**
 * The policy after somebody said something of it. Whether to catch up leaves a policy that does so already: who says it knows of no
 * others, and somebody who does may have chosen this one. So a deploy that does not ask for it takes back only what one asked for.
 */
export function chooseCatchUp(kept: KeptCatchUp, said: SaidOfCatchUp | undefined): KeptCatchUp {
  if (said === undefined) return kept
  if (typeof said === 'object' && 'kind' in said)
    return { policy: said, over: isSamePolicy(said, kept.policy) ? kept.over : null }
  const [wanted, isDeployed] = typeof said === 'object' ? [said.deployed, true] : [said, false]
  if (wanted === catchesUp(kept.policy)) return kept
  if (wanted) return { policy: { kind: 'all' }, over: isDeployed ? kept.policy : null }
  if (!isDeployed) return { policy: unsaidCatchUp, over: null }
  return kept.over ? { policy: kept.over, over: null } : kept
}

const isSamePolicy = (one: CatchUpPolicy, other: CatchUpPolicy): boolean =>
  one.kind === other.kind && (one.kind !== 'last' || other.kind !== 'last' || one.count === other.count)

export interface CatchUp {
  /** Missed times that get a run now, oldest first. */
  readonly run: readonly number[]
  /** Missed times that are recorded as Skipped, oldest first. */
  readonly skip: readonly number[]
  /** Missed times that have a run already, which is to be skipped; the others' runs stay. Oldest first. */
  readonly drop: readonly number[]
}

const runsOf = (policy: CatchUpPolicy): number => {
  switch (policy.kind) {
    case 'all':
      return Number.POSITIVE_INFINITY
    case 'latest':
      return 1
    case 'late':
    case 'none':
      return 0
    case 'last':
      return Math.max(0, Math.floor(policy.count))
    default:
      return policy satisfies never
  }
}

/** `missed` times have no run yet, `made` ones have; both are in order, oldest first. The policy speaks of all of them together. */
export const planCatchUp = (
  policy: CatchUpPolicy,
  missed: readonly number[],
  made: readonly number[] = [],
): CatchUp => {
  const most = runsOf(policy)
  // From the latest on: how many of each list are among the latest `most` of both.
  let run = missed.length
  let keep = made.length
  while (missed.length - run + made.length - keep < most && run + keep > 0) {
    if ((missed[run - 1] ?? Number.NEGATIVE_INFINITY) > (made[keep - 1] ?? Number.NEGATIVE_INFINITY)) run--
    else keep--
  }
  return {
    run: missed.slice(run),
    skip: missed.slice(0, run),
    drop: policy.kind === 'late' ? [] : made.slice(0, keep),
  }
}

export interface MissedTimes {
  /** The latest of them, oldest first. */
  readonly times: readonly number[]
  /** How many older ones are not listed; at least so many when `isExact` is false. */
  readonly unlisted: number
  readonly isExact: boolean
}

export interface MissedLimits {
  /** Times listed (default 1,000). */
  readonly maxTimes?: number
  /** Times looked at, a stretch (default 50,000: five weeks of minutes). */
  readonly maxLooked?: number
}

/**
 * Times after `since` up to `now`, which missed their moment. A schedule by the second that was off for a year missed thirty million:
 * the latest are listed, which is what every policy wants, and older ones counted as far as that is cheap.
 */
export const missedTimes = (
  schedule: Schedule,
  sinceMicros: number,
  nowMicros: number,
  { maxTimes = 1000, maxLooked = 50_000 }: MissedLimits = {},
): MissedTimes => {
  let since = sinceMicros
  let seen = 0
  for (;;) {
    const { times, looked, isComplete } = latest(schedule, since, nowMicros, maxTimes, maxLooked)
    seen = Math.max(seen, looked)
    const middle = since + Math.floor((nowMicros - since) / 2)
    if (isComplete || middle <= since)
      return { times, unlisted: seen - times.length, isExact: since === sinceMicros }
    since = middle
  }
}

interface Stretch {
  readonly times: readonly number[]
  readonly looked: number
  readonly isComplete: boolean
}

const latest = (
  schedule: Schedule,
  since: number,
  until: number,
  maxTimes: number,
  maxLooked: number,
): Stretch => {
  let times: number[] = []
  let looked = 0
  for (const time of fireTimes(schedule, since, { untilMicros: until })) {
    looked += 1
    if (looked > maxLooked) return { times: times.slice(-maxTimes), looked, isComplete: false }
    times.push(time)
    if (times.length >= 2 * maxTimes) times = times.slice(-maxTimes)
  }
  return { times: times.slice(-maxTimes), looked, isComplete: true }
}
