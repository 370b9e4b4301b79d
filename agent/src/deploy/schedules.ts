/**
 * What happens to fire times that passed while the deployment was paused or the control plane was away. Default `late`: after an
 * outage the runs that were scheduled before it run late, and nothing else does.
 */
export type CatchUp = 'late' | 'none' | 'latest' | 'all' | { readonly last: number }

export interface ScheduleOptions {
  /** Name of an IANA time zone such as `Europe/Berlin`; default UTC. */
  readonly timezone?: string
  /** Names the schedule within its deployment, so that deploying again changes it instead of making another. */
  readonly slug?: string
  /** Win over the deployment's parameters. */
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly catchUp?: CatchUp
  /** Default true. */
  readonly active?: boolean
}

export interface CronOptions extends ScheduleOptions {
  /** With both a day of month and a day of week: fire when either fits (true, the default), or only when both do. */
  readonly dayOr?: boolean
}

export interface IntervalOptions extends ScheduleOptions {
  /** The instant that the intervals are counted from. Default: when the schedule is made. */
  readonly anchor?: Date
}

/** When a deployment runs by itself; made by `cron`, `interval` or `rrule`. */
export interface Schedule {
  readonly when:
    | { readonly cron: string; readonly timezone: string; readonly day_or: boolean }
    | { readonly interval: number; readonly timezone: string; readonly anchor_date?: string }
    | { readonly rrule: string; readonly timezone: string }
  readonly options: ScheduleOptions
}

/** By a cron text, such as `0 9 15 * *`: at 09:00 on day 15 of each month. */
export function cron(text: string, options: CronOptions = {}): Schedule {
  if (text.trim() === '') throw new TypeError('cron(text) needs a cron text such as "0 9 * * 1-5"')
  return { when: { cron: text, timezone: zoneOf(options), day_or: options.dayOr ?? true }, options }
}

/** Every so many seconds. Throws RangeError unless `seconds` is greater than 0. */
export function interval(seconds: number, options: IntervalOptions = {}): Schedule {
  if (!(seconds > 0 && Number.isFinite(seconds))) {
    throw new RangeError(`interval(seconds) takes a number greater than 0, not ${seconds}`)
  }
  const anchor = options.anchor && { anchor_date: options.anchor.toISOString() }
  return { when: { interval: seconds, timezone: zoneOf(options), ...anchor }, options }
}

/** By a recurrence rule of RFC 5545, such as `FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17`. */
export function rrule(text: string, options: ScheduleOptions = {}): Schedule {
  if (text.trim() === '') throw new TypeError('rrule(text) needs a rule such as "FREQ=DAILY;BYHOUR=6"')
  return { when: { rrule: text, timezone: zoneOf(options) }, options }
}

const zoneOf = ({ timezone }: ScheduleOptions): string => timezone ?? 'UTC'

/** As the control plane takes it. */
export function scheduleBody({ when, options }: Schedule): object {
  const { slug, parameters, catchUp, active } = options
  return {
    schedule: when,
    active: active ?? true,
    ...(slug !== undefined && { slug }),
    ...(parameters && { parameters }),
    ...(catchUp !== undefined && { catch_up: catchUpBody(catchUp) }),
  }
}

function catchUpBody(catchUp: CatchUp): object {
  if (typeof catchUp === 'string') return { kind: catchUp }
  if (Number.isSafeInteger(catchUp.last) && catchUp.last > 0) return { kind: 'last', count: catchUp.last }
  throw new RangeError(`catchUp takes { last: N } with a positive whole number, not ${catchUp.last}`)
}
