import { microsPerSecond, secondsPerDay } from './calendar.ts'
import { type Ending, fireTimes } from './fire-times.ts'
import { formatWallWithOffset } from './python-text.ts'
import { type Schedule, zoneOf } from './schedule.ts'
import { offsetSecondsAt } from './zone.ts'

export interface SchedulingLimits {
  readonly minRuns: number
  readonly maxRuns: number
  /** Runs are made at least this far ahead, unless `maxRuns` are enough. */
  readonly minSeconds: number
  /** And never further. */
  readonly maxSeconds: number
  readonly maxSteps?: number
}

export const defaultSchedulingLimits: SchedulingLimits = {
  minRuns: 3,
  maxRuns: 100,
  minSeconds: 3600,
  maxSeconds: 100 * secondsPerDay,
}

export interface RunsToSchedule {
  /** Microseconds since 1970. */
  readonly times: readonly number[]
  /** Why there are no more: undefined when the limits were satisfied before the schedule's end was seen. */
  readonly ending: Ending | undefined
}

/**
 * The times that should have a run by now, from `now` on (which counts). The same call later names the same times again:
 * their idempotency keys tell which runs there already are.
 */
export const runsToSchedule = (
  schedule: Schedule,
  nowMicros: number,
  limits: SchedulingLimits = defaultSchedulingLimits,
): RunsToSchedule => {
  const { minRuns, maxRuns, minSeconds, maxSeconds, maxSteps } = limits
  const enough = nowMicros + minSeconds * microsPerSecond
  const times: number[] = []
  const all = fireTimes(schedule, nowMicros, {
    inclusive: true,
    untilMicros: nowMicros + maxSeconds * microsPerSecond,
    ...(maxSteps === undefined ? {} : { maxSteps }),
  })
  while (times.length < maxRuns) {
    const next = all.next()
    if (next.done) return { times, ending: next.value }
    times.push(next.value)
    if (times.length >= minRuns && next.value >= enough) break
  }
  return { times, ending: undefined }
}

/**
 * The key of a run that a schedule makes has two parts: what it is of, and its time as Python writes it in the schedule's zone.
 * Schedules that fire together share the second.
 */
export const scheduledRunKeyStart = (deploymentId: string, scheduleId: string): string =>
  `scheduled ${deploymentId} ${scheduleId} `
export const scheduledRunKeyEnd = (schedule: Schedule, atMicros: number): string =>
  formatWallWithOffset(atMicros, offsetSecondsAt(zoneOf(schedule), atMicros))
