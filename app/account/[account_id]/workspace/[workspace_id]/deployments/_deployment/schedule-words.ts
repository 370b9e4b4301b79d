import type { StoredSchedule } from '#lib/db/rows/deployment.ts'
import { describeSchedule } from '#lib/domain/schedules/describe.ts'
import { fireTimes } from '#lib/domain/schedules/fire-times.ts'
import { parseSchedule, type Schedule, zoneOf } from '#lib/domain/schedules/schedule.ts'

export interface ScheduleShown {
  /** In English; for one that cannot be read, why. */
  readonly words: string
  /** As it was written: `2 * * * *`, `RRULE`, `24h`. */
  readonly source: string
  readonly zone: string
  /** Milliseconds; empty when it is over. */
  readonly timesMs: readonly number[]
}

/** More marks than these are a line. */
const mostTimes = 400

const read = (stored: StoredSchedule, nowMs: number): Schedule | string => {
  const parsed = parseSchedule(stored, { nowMicros: nowMs * 1000 })
  return parsed.ok ? parsed.schedule : parsed.reason
}

export function showSchedule(stored: StoredSchedule, nowMs: number, untilMs: number): ScheduleShown {
  const schedule = read(stored, nowMs)
  if (typeof schedule === 'string') return { words: schedule, source: '', zone: 'UTC', timesMs: [] }
  const timesMs: number[] = []
  for (const micros of fireTimes(schedule, nowMs * 1000, { untilMicros: untilMs * 1000, maxSteps: 50_000 })) {
    timesMs.push(micros / 1000)
    if (timesMs.length >= mostTimes) break
  }
  return {
    words: sentence(describeSchedule(schedule)),
    source: sourceOf(schedule),
    zone: zoneOf(schedule),
    timesMs,
  }
}

/** When it fires next, however far ahead; null when it never does again. */
export function nextTimeMs(stored: StoredSchedule, nowMs: number): number | null {
  const schedule = read(stored, nowMs)
  if (typeof schedule === 'string') return null
  const next = fireTimes(schedule, nowMs * 1000, { maxSteps: 50_000 }).next()
  return next.done ? null : next.value / 1000
}

/** One schedule in its words, several by their number. */
export function schedulesInWords(schedules: readonly StoredSchedule[], nowMs: number): string {
  const [first] = schedules
  if (first === undefined) return ''
  if (schedules.length > 1) return `${schedules.length} schedules`
  const schedule = read(first, nowMs)
  return typeof schedule === 'string' ? schedule : sentence(describeSchedule(schedule))
}

/** `…, Europe/Berlin` → `…, Berlin`: where a row is short, the city says it. */
export const withCity = (words: string): string =>
  words.replace(/, (?:\w+\/)+(\w+)$/, (_, city: string) => `, ${city.replaceAll('_', ' ')}`)

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

function sourceOf(schedule: Schedule): string {
  switch (schedule.type) {
    case 'cron':
      return schedule.cron
    case 'rrule':
      return 'RRULE'
    case 'interval':
      return lengthWords(schedule.intervalSeconds)
  }
}

/** `24h`, `15m`, `90s`: one unit, where one is enough. */
function lengthWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}
