import { parseDurationSeconds, parseInstant } from '../time.ts'
import { daysFromCivil, microsPerSecond, secondsPerDay } from './calendar.ts'
import { type Cron, cronWalls, parseCron } from './cron.ts'
import { parseRRule, type RuleSet } from './rrule-text.ts'
import { ruleSetWalls, ruleWalls } from './rrule-times.ts'
import { BadSchedule, OutOfSteps, Work } from './work.ts'
import { isKnownZone } from './zone.ts'

export const scheduleTypes = ['interval', 'cron', 'rrule'] as const
export type ScheduleType = (typeof scheduleTypes)[number]

export interface IntervalSchedule {
  readonly type: 'interval'
  readonly intervalSeconds: number
  /** Microseconds since 1970; runs are whole intervals from here, before it too. */
  readonly anchorMicros: number
  /** Null is UTC; kept apart since clients read back what they sent. */
  readonly timezone: string | null
}

export interface CronSchedule {
  readonly type: 'cron'
  /** As written. */
  readonly cron: string
  readonly timezone: string | null
  /** Whether a day of month and a day of week that are both given mean either of them, as cron has it, or both. */
  readonly dayOr: boolean
  readonly parsed: Cron
}

export interface RRuleSchedule {
  readonly type: 'rrule'
  /** As written. */
  readonly rrule: string
  readonly timezone: string | null
  readonly parsed: RuleSet
}

export type Schedule = IntervalSchedule | CronSchedule | RRuleSchedule

export type ParsedSchedule =
  | { readonly ok: true; readonly schedule: Schedule }
  /** `field` is the key of what was sent; `reason` is a sentence for its author. */
  | { readonly ok: false; readonly field: string; readonly reason: string }

export interface ParsingOptions {
  /** Anchor of an interval that was sent without one. */
  readonly nowMicros: number
  /** Candidates that looking for one time may cost (default 200,000: some 60 ms). */
  readonly maxSteps?: number
}

export const defaultMaxSteps = 200_000

export const zoneOf = ({ timezone }: Schedule): string => timezone ?? 'UTC'

/**
 * Reads a schedule as clients send it: `{interval, anchor_date?, timezone?}`, `{cron, timezone?, day_or?}` or `{rrule, timezone?}`.
 *
 * Refuses what cannot be read, zones that nobody knows, and rules that mean no time at all or hide it behind too much work:
 * whatever passes here cannot hold up the scheduler.
 */
export const parseSchedule = (value: unknown, options: ParsingOptions): ParsedSchedule => {
  try {
    return { ok: true, schedule: read(value, options) }
  } catch (error) {
    if (error instanceof BadSchedule) return { ok: false, field: error.field, reason: error.message }
    throw error
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const read = (value: unknown, { nowMicros, maxSteps = defaultMaxSteps }: ParsingOptions): Schedule => {
  if (!isRecord(value)) throw new BadSchedule('schedule', 'A schedule is an object.')
  const given = scheduleTypes.filter((type) => value[type] !== undefined && value[type] !== null)
  const [type] = given
  if (type === undefined || given.length > 1) {
    throw new BadSchedule('schedule', 'A schedule has one of “interval”, “cron” and “rrule”.')
  }
  const timezone = readZone(value.timezone)
  switch (type) {
    case 'interval':
      return readInterval(value, timezone, nowMicros)
    case 'cron':
      return readCron(value, timezone, maxSteps)
    case 'rrule':
      return readRRule(value, timezone, maxSteps)
    default:
      return type satisfies never
  }
}

const readZone = (value: unknown): string | null => {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string' && isKnownZone(value)) return value
  const shown = typeof value === 'string' ? `“${value.slice(0, 60)}”` : 'that'
  throw new BadSchedule(
    'timezone',
    `No time zone is called ${shown}: use a name of the tz database, such as America/New_York.`,
  )
}

const maxIntervalSeconds = 999_999_999 * secondsPerDay

const readInterval = (
  value: Readonly<Record<string, unknown>>,
  timezone: string | null,
  nowMicros: number,
): IntervalSchedule => {
  const seconds = parseDurationSeconds(value.interval)
  const intervalMicros = Math.round((seconds ?? 0) * microsPerSecond)
  if (seconds === undefined || intervalMicros < 1 || seconds > maxIntervalSeconds) {
    throw new BadSchedule(
      'interval',
      'The interval must be a positive number of seconds, a microsecond at least.',
    )
  }
  const { anchor_date: anchor } = value
  const anchorMicros =
    anchor === undefined || anchor === null
      ? nowMicros
      : typeof anchor === 'string'
        ? parseInstant(anchor)
        : undefined
  if (anchorMicros === undefined) {
    throw new BadSchedule('anchor_date', 'The anchor date must be a time such as 2026-01-31T09:00:00+01:00.')
  }
  return { type: 'interval', intervalSeconds: intervalMicros / microsPerSecond, anchorMicros, timezone }
}

const readCron = (
  { cron, day_or }: Readonly<Record<string, unknown>>,
  timezone: string | null,
  maxSteps: number,
): CronSchedule => {
  if (typeof cron !== 'string') throw new BadSchedule('cron', 'The cron text must be a text.')
  const dayOr = day_or ?? true
  if (typeof dayOr !== 'boolean') throw new BadSchedule('day_or', 'day_or must be true or false.')
  const parsed = parseCron(cron)
  const from = daysFromCivil(Math.min(...(parsed.years ?? [1970])), 1, 1) * secondsPerDay
  if (cronWalls(parsed, dayOr, from, new Work(maxSteps)).next().done) {
    throw new BadSchedule('cron', `The cron text “${cron}” never fires: no date has such a day.`)
  }
  return { type: 'cron', cron, timezone, dayOr, parsed }
}

const readRRule = (
  { rrule }: Readonly<Record<string, unknown>>,
  timezone: string | null,
  maxSteps: number,
): RRuleSchedule => {
  if (typeof rrule !== 'string') throw new BadSchedule('rrule', 'The recurrence rule must be a text.')
  const parsed = parseRRule(rrule)
  checkFires(parsed, maxSteps)
  return { type: 'rrule', rrule, timezone, parsed }
}

const checkFires = (parsed: RuleSet, maxSteps: number): void => {
  try {
    for (const rule of [...parsed.rules, ...parsed.exceptRules]) {
      if (rule.count === undefined) continue
      // A rule with a count is walked from its start each time, so all of it must be affordable.
      const work = new Work(maxSteps)
      ruleWalls(rule, Number.POSITIVE_INFINITY, work).next()
    }
    const from = Math.min(...parsed.rules.map(({ start }) => start), ...parsed.dates)
    if (!ruleSetWalls(parsed, from, new Work(maxSteps)).next().done) return
  } catch (error) {
    if (!(error instanceof OutOfSteps)) throw error
    throw new BadSchedule(
      'rrule',
      `The recurrence rule never fires, or asks for too much work. ${error.message} Try it without COUNT, or with a coarser FREQ.`,
    )
  }
  throw new BadSchedule('rrule', 'The recurrence rule never fires: no time matches all of its parts.')
}
