import { type CatchUpPolicy, missedTimes, planCatchUp } from './catch-up.ts'
import { defaultSchedulingLimits, runsToSchedule } from './runs-to-schedule.ts'
import type { Schedule } from './schedule.ts'

export interface SchedulePlan {
  /** Fire times that get a run: missed ones that are caught up, then those ahead. Microseconds since 1970. */
  readonly run: readonly number[]
  /** Missed ones that are recorded as skipped. */
  readonly skip: readonly number[]
  /** Missed ones whose runs are there already, and are to be skipped. */
  readonly drop: readonly number[]
  /** Missed ones that are too many, or too old, to be recorded one by one; at least so many. */
  readonly unrecorded: number
  /** Every fire time up to here is dealt with. */
  readonly untilMicros: number
  /** When to plan again; null: the schedule is over. */
  readonly lookAtMicros: number | null
}

const SECOND = 1_000_000
const HOUR = 3_600 * SECOND
/** Runs are made so much further ahead than they have to be, so that a schedule by the minute is not planned every minute. */
const SLACK_SECONDS = 300
/** However dense a schedule is, it is planned at most this often. */
const MIN_WAIT = SECOND
/** Of times that were missed. */
const MAX_CAUGHT_UP = 10_000
const MAX_SKIPPED = 100
/** A schedule denser than runs are made ahead of misses times all day long; that is no downtime to be told of. */
const DENSE = SECOND / 10

export interface PlanInput {
  readonly schedule: Schedule
  /** Every fire time up to here was dealt with before. */
  readonly sinceMicros: number
  readonly nowMicros: number
  readonly catchUp: CatchUpPolicy
  /** Fire times that were missed although they have a run, oldest first. */
  readonly made?: readonly number[]
  /** Runs ahead at most; null: as many as the limits say. */
  readonly maxScheduledRuns: number | null
}

/** What a schedule has to have by now, which it has not yet. */
export function planSchedule({
  schedule,
  sinceMicros,
  nowMicros,
  catchUp,
  made = [],
  maxScheduledRuns,
}: PlanInput): SchedulePlan {
  const missed =
    sinceMicros < nowMicros
      ? missedTimes(schedule, sinceMicros, nowMicros, { maxTimes: MAX_CAUGHT_UP })
      : { times: [], unlisted: 0 }
  const { run: caughtUp, skip, drop } = planCatchUp(catchUp, missed.times, made)
  const isDense = (nowMicros - sinceMicros) / Math.max(1, missed.times.length + missed.unlisted) < DENSE
  const recorded = isDense ? [] : skip.slice(-MAX_SKIPPED)

  const most = Math.max(
    1,
    Math.min(defaultSchedulingLimits.maxRuns, maxScheduledRuns ?? Number.POSITIVE_INFINITY),
  )
  const limits = {
    ...defaultSchedulingLimits,
    minSeconds: defaultSchedulingLimits.minSeconds + SLACK_SECONDS,
    maxRuns: most,
    minRuns: Math.min(defaultSchedulingLimits.minRuns, most),
  }
  const { times, ending } = runsToSchedule(schedule, nowMicros + 1, limits)
  const last = times.at(-1)
  return {
    run: [...caughtUp, ...times.filter((time) => time > sinceMicros)],
    skip: recorded,
    drop,
    unrecorded: missed.unlisted + skip.length - recorded.length,
    untilMicros: Math.max(sinceMicros, nowMicros, last ?? 0),
    lookAtMicros: lookAt(),
  }

  function lookAt(): number | null {
    const soonest = nowMicros + MIN_WAIT
    switch (ending?.kind) {
      case 'finished':
        return null
      // A rule that asks for too much work is tried again, but rarely.
      case 'gave up':
        return nowMicros + HOUR
      // There are times, too far ahead.
      case 'reached':
        return nowMicros + 24 * HOUR
      case undefined:
        break
      default:
        return ending satisfies never
    }
    if (last === undefined) return nowMicros + HOUR
    if (times.length >= most) return Math.max(soonest, times[Math.floor(most / 2)] ?? soonest)
    const tooFew = times[times.length - limits.minRuns] ?? soonest
    const tooNear = last - defaultSchedulingLimits.minSeconds * SECOND
    return Math.max(soonest, Math.min(tooFew, tooNear))
  }
}
