import { microsPerSecond } from './calendar.ts'
import { cronWalls } from './cron.ts'
import { intervalInstants } from './interval.ts'
import { formatWallWithOffset } from './python-text.ts'
import { ruleSetWalls } from './rrule-times.ts'
import { defaultMaxSteps, type Schedule, zoneOf } from './schedule.ts'
import { OutOfSteps, Work } from './work.ts'
import { jumpAround, offsetSecondsAt, secondOnWall, wallOf } from './zone.ts'

export interface FireTimeOptions {
  /** Whether `after` itself may fire (default false). */
  readonly inclusive?: boolean
  /** The last instant that may fire; default: the end of the calendar. */
  readonly untilMicros?: number
  /** Candidates that finding one time may cost (default 200,000: some 60 ms). */
  readonly maxSteps?: number
}

/** Why there are no more times. */
export type Ending =
  | { readonly kind: 'reached' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'gave up'; readonly reason: string }

/**
 * Instants at which a schedule fires, in order, each once: microseconds since 1970. Returns why there are no more.
 *
 * A cron text or a recurrence rule is evaluated on the wall clock of its zone. A time that is shown twice when clocks are put back
 * fires the first time only; one that is skipped when they are put forward fires earlier by what was skipped (02:30 at 01:30).
 */
export function* fireTimes(
  schedule: Schedule,
  afterMicros: number,
  options: FireTimeOptions = {},
): Generator<number, Ending, void> {
  const { inclusive = false, untilMicros = Number.POSITIVE_INFINITY, maxSteps = defaultMaxSteps } = options
  const work = new Work(maxSteps)
  const from = inclusive ? afterMicros : afterMicros + 1
  try {
    for (const micros of instantsOf(schedule, from, work)) {
      if (micros > untilMicros) return { kind: 'reached' }
      work.renew()
      yield micros
    }
    return { kind: 'finished' }
  } catch (error) {
    if (error instanceof OutOfSteps) return { kind: 'gave up', reason: error.message }
    throw error
  }
}

const instantsOf = (schedule: Schedule, from: number, work: Work): Generator<number, void> => {
  const zone = zoneOf(schedule)
  const fromSecond = Math.ceil(from / microsPerSecond)
  const fromWall = wallOf(zone, fromSecond * microsPerSecond)
  switch (schedule.type) {
    case 'interval': {
      const intervalMicros = Math.round(schedule.intervalSeconds * microsPerSecond)
      return intervalInstants({ ...schedule, intervalMicros, zone }, from)
    }
    case 'cron':
      return inOrder(cronWalls(schedule.parsed, schedule.dayOr, fromWall, work), zone, fromSecond, work)
    case 'rrule':
      return inOrder(ruleSetWalls(schedule.parsed, fromWall, work), zone, fromSecond, work)
    default:
      return schedule satisfies never
  }
}

/** Skipped times go back over others that were not: around a jump of the clock all are put in order before the first is told. */
function* inOrder(
  walls: Iterable<number>,
  zone: string,
  fromSecond: number,
  work: Work,
): Generator<number, void> {
  let last = fromSecond - 1
  let held: number[] = []
  let heldUntil = Number.NEGATIVE_INFINITY
  const release = function* (seconds: readonly number[]): Generator<number, void> {
    for (const second of seconds) {
      if (second <= last) continue
      last = second
      yield second * microsPerSecond
    }
  }
  for (const wall of walls) {
    const second = secondOnWall(zone, wall, 'earlier')
    if (held.length > 0 && wall >= heldUntil) {
      yield* release(held.sort((a, b) => a - b))
      held = []
    }
    const jump = held.length > 0 ? undefined : jumpAround(zone, wall)
    if (jump !== undefined) heldUntil = jump.to
    if (held.length === 0 && jump === undefined) {
      yield* release([second])
      continue
    }
    held.push(second)
    work.renew()
  }
  yield* release(held.sort((a, b) => a - b))
}

export interface FireTime {
  readonly atMicros: number
  /** On the wall of the schedule's zone: `2026-10-25 02:30:00+02:00`. */
  readonly text: string
}

export interface Preview {
  readonly times: readonly FireTime[]
  /** Why there are fewer than were asked for; undefined when there are not. */
  readonly ending: Ending | undefined
}

/** The next times, 5 unless told, for a person who is about to save a schedule. */
export const previewFireTimes = (
  schedule: Schedule,
  afterMicros: number,
  count = 5,
  options: FireTimeOptions = {},
): Preview => {
  const zone = zoneOf(schedule)
  const times: FireTime[] = []
  const all = fireTimes(schedule, afterMicros, options)
  while (times.length < count) {
    const next = all.next()
    if (next.done) return { times, ending: next.value }
    const atMicros = next.value
    times.push({ atMicros, text: formatWallWithOffset(atMicros, offsetSecondsAt(zone, atMicros)) })
  }
  return { times, ending: undefined }
}
