import { ownMember } from '../own-member.ts'
import { daysFromCivil, daysIn, secondsPerDay } from './calendar.ts'
import { BadSchedule } from './work.ts'

/**
 * iCalendar's recurrence rules as the Python library dateutil reads them, since clients check theirs with it: lines or words
 * `DTSTART`, `RRULE`, `RDATE`, `EXRULE`, `EXDATE`, in any case. Times are digits on the wall clock of the schedule's zone,
 * whatever `Z` or `TZID` they carry.
 */

export const frequencies = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'] as const
export type Frequency = (typeof frequencies)[number]

export interface WeekdayPart {
  /** 0 is Monday. */
  readonly weekday: number
  readonly nth: number | undefined
}

/** A rule as written; what it leaves out is taken from its start when it is enumerated. */
export interface RuleText {
  readonly frequency: Frequency
  readonly interval: number
  /** Seconds on the wall. */
  readonly start: number
  readonly until: number | undefined
  readonly count: number | undefined
  readonly weekStart: number
  readonly positions: readonly number[] | undefined
  readonly months: readonly number[] | undefined
  readonly monthDays: readonly number[] | undefined
  readonly yearDays: readonly number[] | undefined
  readonly weeks: readonly number[] | undefined
  readonly weekdays: readonly WeekdayPart[] | undefined
  readonly easterDays: readonly number[] | undefined
  readonly hours: readonly number[] | undefined
  readonly minutes: readonly number[] | undefined
  readonly seconds: readonly number[] | undefined
}

export interface RuleSet {
  readonly rules: readonly RuleText[]
  readonly dates: readonly number[]
  readonly exceptRules: readonly RuleText[]
  readonly exceptDates: readonly number[]
}

export const maxRRuleLength = 6500

/** Where a rule without DTSTART is counted from, as in the reference. */
const defaultStart = daysFromCivil(2020, 1, 1) * secondsPerDay

const refuse = (why: string): BadSchedule => new BadSchedule('rrule', `The recurrence rule ${why}`)

const shown = (text: string): string => (text.length > 60 ? `“${text.slice(0, 60)}…”` : `“${text}”`)

interface WallText {
  readonly wall: number
  /** Carries `Z` or an offset: dateutil does not mix such times with bare ones. */
  readonly isAware: boolean
}

const dateTime = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?)?(Z|[+-]\d\d:?\d\d)?$/

const parseWall = (text: string, where: string): WallText => {
  const match = dateTime.exec(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match?.slice(1, 7) ?? []).map(
    (digits) => Number(digits ?? 0),
  )
  const exists =
    year >= 1 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59
  if (match === null || !exists) {
    throw refuse(`has ${where} ${shown(text)}, which is no time: write it as 20260131T093000.`)
  }
  const wall = daysFromCivil(year, month, day) * secondsPerDay + hour * 3600 + minute * 60 + second
  return { wall, isAware: match[7] !== undefined }
}

const weekdayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

const parseWeekday = (text: string): WeekdayPart => {
  const match =
    /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(text) ??
    /^()(MO|TU|WE|TH|FR|SA|SU)\(([+-]?\d{1,2})\)$/.exec(text)
  const name = match?.[2]
  if (name === undefined) throw refuse(`has BYDAY ${shown(text)}: use MO, TU …, or 1MO, -1FR.`)
  const digits = match?.[3] ?? match?.[1]
  const nth = digits === undefined || digits === '' ? undefined : Number(digits)
  if (nth === 0 || Math.abs(nth ?? 1) > 53)
    throw refuse(`has BYDAY ${shown(text)}: a year has the weeks 1 to 53.`)
  return { weekday: weekdayNames.indexOf(name), nth }
}

const wholeNumber = (name: string, text: string, min: number, max: number): number => {
  const value = /^\s*[+-]?\d{1,10}\s*$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw refuse(`has ${name}=${shown(text)}: use a whole number from ${min} to ${max}.`)
  }
  return value
}

/** Lowest and highest; where the lowest is negative the numbers count from the end too, and 0 means nothing. */
const listRanges: Readonly<Record<string, readonly [number, number]>> = {
  BYSETPOS: [-366, 366],
  BYMONTH: [1, 12],
  BYMONTHDAY: [-31, 31],
  BYYEARDAY: [-366, 366],
  BYWEEKNO: [-53, 53],
  BYEASTER: [-80, 250],
  BYHOUR: [0, 23],
  BYMINUTE: [0, 59],
  BYSECOND: [0, 59],
}

const parseList = (name: string, text: string): readonly number[] => {
  const [min, max] = ownMember(listRanges, name) ?? [0, 0]
  const values = text.split(',').map((each) => wholeNumber(name, each, min, max))
  if (min < 0 && name !== 'BYEASTER' && values.includes(0))
    throw refuse(`has ${name}=0, which names nothing.`)
  return [...new Set(values)].sort((a, b) => a - b)
}

const maxInterval = 1_000_000_000
const maxCount = 1_000_000_000

const isFrequency = (text: string): text is Frequency => (frequencies as readonly string[]).includes(text)

const parseParts = (text: string): ReadonlyMap<string, string> => {
  const parts = new Map<string, string>()
  for (const pair of text.split(';')) {
    const [name = '', value, ...more] = pair.split('=')
    if (value === undefined || more.length > 0)
      throw refuse(`cannot be read at ${shown(pair)}: use NAME=VALUE.`)
    const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY', 'BYWEEKDAY']
    if (!known.includes(name) && ownMember(listRanges, name) === undefined)
      throw refuse(`has the unknown part ${shown(name)}.`)
    parts.set(name === 'BYWEEKDAY' ? 'BYDAY' : name, value)
  }
  return parts
}

const parseRule = (text: string, start: WallText | undefined): RuleText => {
  const parts = parseParts(text)
  const frequency = parts.get('FREQ') ?? ''
  if (!isFrequency(frequency)) {
    throw refuse(`has ${frequency === '' ? 'no FREQ' : `FREQ=${shown(frequency)}`}: use YEARLY to SECONDLY.`)
  }
  const list = (name: string): readonly number[] | undefined => {
    const value = parts.get(name)
    return value === undefined ? undefined : parseList(name, value)
  }
  const number = (name: string, max: number): number | undefined => {
    const value = parts.get(name)
    return value === undefined ? undefined : wholeNumber(name, value, 1, max)
  }
  const untilText = parts.get('UNTIL')
  const until = untilText === undefined ? undefined : parseWall(untilText, 'UNTIL')
  if (start !== undefined && until !== undefined && start.isAware !== until.isAware) {
    throw refuse(
      'gives one of DTSTART and UNTIL with a zone and the other without: write both with Z or both without.',
    )
  }
  const weekStart = parts.get('WKST')
  if (weekStart !== undefined && !weekdayNames.includes(weekStart))
    throw refuse(`has WKST=${shown(weekStart)}.`)
  return {
    frequency,
    interval: number('INTERVAL', maxInterval) ?? 1,
    start: start?.wall ?? defaultStart,
    until: until?.wall,
    count: number('COUNT', maxCount),
    weekStart: weekStart === undefined ? 0 : weekdayNames.indexOf(weekStart),
    positions: list('BYSETPOS'),
    months: list('BYMONTH'),
    monthDays: list('BYMONTHDAY'),
    yearDays: list('BYYEARDAY'),
    weeks: list('BYWEEKNO'),
    weekdays: parts.get('BYDAY')?.split(',').map(parseWeekday),
    easterDays: list('BYEASTER'),
    hours: list('BYHOUR'),
    minutes: list('BYMINUTE'),
    seconds: list('BYSECOND'),
  }
}

const allowedParameters: Readonly<Record<string, RegExp>> = {
  RRULE: /^$/,
  EXRULE: /^$/,
  RDATE: /^(?:VALUE=DATE-TIME)?$/,
  EXDATE: /^(?:VALUE=DATE(?:-TIME)?|TZID=.+)?$/,
  DTSTART: /^(?:VALUE=DATE(?:-TIME)?|TZID=.+)?$/,
}

interface Line {
  readonly name: string
  readonly value: string
  readonly hasZone: boolean
}

const splitLine = (line: string): Line => {
  const colon = line.indexOf(':')
  if (colon < 0) return { name: 'RRULE', value: line, hasZone: false }
  const [name = '', ...parameters] = line.slice(0, colon).split(';')
  const allowed = ownMember(allowedParameters, name)
  if (allowed === undefined)
    throw refuse(`has the unknown line ${shown(name)}: use DTSTART, RRULE, RDATE, EXRULE and EXDATE.`)
  for (const parameter of parameters) {
    if (!allowed.test(parameter)) throw refuse(`has ${name} with the unknown parameter ${shown(parameter)}.`)
  }
  const hasZone = parameters.some((parameter) => parameter.startsWith('TZID='))
  return { name, value: line.slice(colon + 1), hasZone }
}

/** Throws BadSchedule, with the part that cannot be read. */
export const parseRRule = (text: string): RuleSet => {
  if (text.length > maxRRuleLength) {
    throw refuse(`has ${text.length} characters; at most ${maxRRuleLength} are read.`)
  }
  const lines = text
    .toUpperCase()
    .split(/\s+/)
    .filter((line) => line !== '')
    .map(splitLine)
  const walls = ({ name, value }: Line): readonly number[] =>
    value.split(',').map((each) => parseWall(each, name).wall)
  const named = (name: string): readonly Line[] => lines.filter((line) => line.name === name)
  const startLine = named('DTSTART').at(-1)
  const start = startLine === undefined ? undefined : parseWall(startLine.value, 'DTSTART')
  const anchored = start && { ...start, isAware: start.isAware || startLine?.hasZone === true }
  const set = {
    rules: named('RRULE').map((line) => parseRule(line.value, anchored)),
    dates: named('RDATE').flatMap(walls),
    exceptRules: named('EXRULE').map((line) => parseRule(line.value, anchored)),
    exceptDates: named('EXDATE').flatMap(walls),
  }
  if (set.rules.length === 0 && set.dates.length === 0)
    throw refuse('names no time: it needs RRULE or RDATE.')
  return set
}
