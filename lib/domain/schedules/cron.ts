import { ownMember } from '../own-member.ts'
import {
  civilFromDays,
  dayOf,
  daysFromCivil,
  daysIn,
  endOfCalendar,
  secondsPerDay,
  weekdayFromSunday,
} from './calendar.ts'
import { BadSchedule, type Work } from './work.ts'

/**
 * The dialect of the Python library croniter, since that is what clients check their schedules with before they send them:
 * five fields, a sixth for seconds, a seventh for the year; names; ranges across the end (`fri-mon`); `10/5`; `l`, `l5` and `5#2`.
 *
 * Written by hand since no JavaScript library reads this dialect: croner refuses `fri-mon`, `10/20` and `l5`, puts seconds first,
 * and takes other days for `1 * 5#1`.
 */

export interface Cron {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly seconds: readonly number[]
  /** Undefined where any will do. */
  readonly months: ReadonlySet<number> | undefined
  readonly years: ReadonlySet<number> | undefined
  readonly monthDays: ReadonlySet<number> | undefined
  readonly lastDayOfMonth: boolean
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number> | undefined
  /** Which of a month's Mondays, Tuesdays …; takes the place of `weekdays`. */
  readonly nthWeekdays: readonly NthWeekday[]
}

export interface NthWeekday {
  readonly weekday: number
  readonly nth: number | 'last'
}

export const maxCronLength = 1000

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const monthNames = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const fields = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: monthNames },
  { name: 'day of week', min: 0, max: 6, names: weekdayNames },
  { name: 'second', min: 0, max: 59, names: [] },
  { name: 'year', min: 1970, max: 2099, names: [] },
] as const satisfies readonly Field[]
const dayField = 2
const weekdayField = 4

const aliases: Readonly<Record<string, string>> = {
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** What one field says. */
interface Expanded {
  readonly values: Set<number>
  star: boolean
  last: boolean
  readonly nth: NthWeekday[]
}

class FieldReader {
  readonly #field: Field
  readonly #expanded: Expanded = { values: new Set(), star: false, last: false, nth: [] }

  constructor(
    readonly text: string,
    readonly index: number,
    readonly fieldCount: number,
  ) {
    this.#field = fields[index] ?? fields[0]
  }

  read(): Expanded {
    const isDay = this.index === dayField || this.index === weekdayField
    if (this.text === '?' && isDay) this.#expanded.star = true
    else for (const item of this.text.split(',')) this.#readItem(item)
    return this.#expanded
  }

  #refuse(why: string): BadSchedule {
    return new BadSchedule('cron', `The ${this.#field.name} “${this.text}” of the cron text ${why}.`)
  }

  #readItem(item: string): void {
    if (/^[hr](?:\(|\/|$)/.test(item)) throw this.#refuse('is hashed or random, which is not supported')
    if (item === '*') this.#expanded.star = true
    else if (item === 'l' && this.index === dayField) this.#expanded.last = true
    else if (this.index === weekdayField && this.#readNth(item)) return
    else for (const value of this.#readRange(item)) this.#expanded.values.add(value)
  }

  /** `5#2` is the second Friday, `mon-wed#1` the first Monday, Tuesday and Wednesday, `l5` the last Friday. */
  #readNth(item: string): boolean {
    const last = /^l(\d+)$/.exec(item)
    if (last !== null) {
      const weekday = this.#single(last[1] ?? '')
      this.#expanded.nth.push({ weekday, nth: 'last' })
      return true
    }
    const numbered = /^(\w+|[a-z]{3}-[a-z]{3})#(\d+)$/.exec(item)
    if (numbered === null) return false
    const [, days = '', count] = numbered
    const nth = Number(count)
    if (nth < 1 || nth > 5) throw this.#refuse('counts further than a month has weeks: use #1 to #5')
    for (const weekday of this.#readRange(days)) this.#expanded.nth.push({ weekday, nth })
    return true
  }

  #readRange(item: string): readonly number[] {
    const { min, max } = this.#field
    const stepped = /^(.+)\/(\d+)$/.exec(item)
    const step = stepped === null ? 1 : Number(stepped[2])
    const body = stepped?.[1] ?? item
    if (!(step >= 1)) throw this.#refuse('has a step of 0')
    if (body === '*') return range(min, max, step)
    const bounds = body.split('-')
    const [first = '', second] = bounds
    if (bounds.length > 2) throw this.#refuse('cannot be read')
    if (second === undefined) {
      const only = this.#single(first)
      // From the last value on there is only it: croniter before 7 took `59/5` for every fifth minute.
      return stepped === null || only === max ? [only] : this.#span(only, max, step)
    }
    const high = this.index === dayField && second === 'l' ? 31 : this.#value(second)
    return this.#span(this.#value(first), high, step)
  }

  /** From low to high, and over the end of the field when low is the greater; all of it when they are the same. */
  #span(low: number, high: number, step: number): readonly number[] {
    const { min, max } = this.#field
    this.#checkInRange(low)
    this.#checkInRange(high)
    if (low < high) return range(low, high, step)
    if (low === high) return range(min, max, step)
    const first = range(low, max, step)
    const lastTaken = first.at(-1) ?? max
    const notTaken = max - lastTaken
    // As croniter counts on after the end: `50-10/7` takes 50, 57 and then 5.
    const skipped = lastTaken - min + step > max - min + 1 && notTaken < step ? step - notTaken : 0
    return [...first, ...range(min + skipped, high, step)]
  }

  #single(text: string): number {
    const value = this.#value(text)
    this.#checkInRange(value)
    return value
  }

  #checkInRange(value: number): void {
    const { min, max } = this.#field
    if (value < min || value > max) throw this.#refuse(`is out of range: use ${min} to ${max}`)
  }

  #value(text: string): number {
    if (/^\d{1,4}$/.test(text)) return this.#alias(Number(text))
    const named = text === '' ? -1 : (this.#field.names as readonly string[]).indexOf(text)
    if (named < 0) throw this.#refuse(`cannot be read at “${text}”`)
    return named
  }

  /** 7 is Sunday in five fields; 0 is the first of the month in six. */
  #alias(value: number): number {
    if (this.index === weekdayField && value === 7 && this.fieldCount === 5) return 0
    if (this.index === dayField && value === 0 && this.fieldCount === 6) return 1
    return value
  }
}

const range = (from: number, to: number, step: number): readonly number[] => {
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(value)
  return values
}

const inOrder = ({ star, values }: Expanded, { min, max }: Field): readonly number[] =>
  star ? range(min, max, 1) : [...values].sort((a, b) => a - b)

/** Throws BadSchedule when croniter would not read it, or when no day is ever meant (`0 0 30 2 *`). */
export const parseCron = (text: string): Cron => {
  if (text.length > maxCronLength) {
    throw new BadSchedule(
      'cron',
      `The cron text has ${text.length} characters; at most ${maxCronLength} are read.`,
    )
  }
  const lower = text.toLowerCase()
  const texts = (ownMember(aliases, lower) ?? lower).split(/\s+/).filter((part) => part !== '')
  if (texts.length < 5 || texts.length > 7) {
    throw new BadSchedule(
      'cron',
      `The cron text “${text.slice(0, 100)}” has ${texts.length} fields; five are needed (minute, hour, day of month, month, day of week), and a sixth may give seconds and a seventh years.`,
    )
  }
  const [minute, hour, day, month, weekday, second, year] = texts.map((part, i) =>
    new FieldReader(part, i, texts.length).read(),
  )
  if (!(minute && hour && day && month && weekday)) throw new BadSchedule('cron', 'The cron text is empty.')
  const numbered = new Set(weekday.nth.map((each) => each.weekday))
  const isWholeWeek = new Set([...weekday.values, ...numbered]).size === 7
  if (numbered.size > 0 && !weekday.star && !isWholeWeek) {
    if ([...weekday.values].some((value) => !numbered.has(value))) {
      throw new BadSchedule(
        'cron',
        `The day of week “${texts[weekdayField]}” of the cron text mixes whole weekdays with numbered ones; use two schedules.`,
      )
    }
  }
  // A full list is a star only beside a star: `1-31 * 1` means every day, since either may match.
  const wholeMonth = day.values.size === 31 && !day.last
  const anyDay = day.star || (wholeMonth && texts[weekdayField]?.includes('*') === true)
  const anyWeekday = weekday.star || (isWholeWeek && texts[dayField]?.includes('*') === true)
  return {
    minutes: inOrder(minute, fields[0]),
    hours: inOrder(hour, fields[1]),
    seconds: second === undefined ? [0] : inOrder(second, fields[5]),
    months: month.star || month.values.size === 12 ? undefined : month.values,
    years: year === undefined || year.star ? undefined : year.values,
    monthDays: anyDay ? undefined : day.values,
    lastDayOfMonth: !anyDay && day.last,
    weekdays: anyWeekday ? undefined : weekday.values,
    nthWeekdays: weekday.nth,
  }
}

const isNthWeekday = (nthWeekdays: readonly NthWeekday[], weekday: number, day: number, length: number) =>
  nthWeekdays.some(
    (each) =>
      each.weekday === weekday &&
      (each.nth === 'last' ? day + 7 > length : Math.floor((day - 1) / 7) + 1 === each.nth),
  )

/** With `dayOr`, a day of month and a day of week that are both given mean either; numbered weekdays then count alone. */
const matchesDay = (cron: Cron, dayOr: boolean, days: number, day: number, length: number): boolean => {
  const { monthDays, weekdays, nthWeekdays } = cron
  const byMonth = monthDays === undefined || monthDays.has(day) || (cron.lastDayOfMonth && day === length)
  const weekday = weekdayFromSunday(days)
  const byNth = nthWeekdays.length > 0
  const byWeek = byNth
    ? isNthWeekday(nthWeekdays, weekday, day, length)
    : weekdays === undefined || weekdays.has(weekday)
  if (dayOr && monthDays !== undefined && weekdays !== undefined) return byNth ? byWeek : byMonth || byWeek
  return byMonth && byWeek
}

/** After this many years without a match croniter gives up, and so do we: nobody waits for it. */
const maxYearsBetweenMatches = 50

/** Times on the wall that match, in order, none before `from`. Ends after fifty years without one. */
export function* cronWalls(cron: Cron, dayOr: boolean, from: number, work: Work): Generator<number, void> {
  const { hours, minutes, seconds, months, years } = cron
  let day = dayOf(from)
  let lastMatchYear = civilFromDays(day).year
  while (day * secondsPerDay < endOfCalendar) {
    work.spend()
    const date = civilFromDays(day)
    if (date.year - lastMatchYear > maxYearsBetweenMatches) return
    if (years !== undefined && !years.has(date.year)) {
      day = daysFromCivil(date.year + 1, 1, 1)
      continue
    }
    if (months !== undefined && !months.has(date.month)) {
      day += daysIn(date.year, date.month) - date.day + 1
      continue
    }
    if (matchesDay(cron, dayOr, day, date.day, daysIn(date.year, date.month))) {
      lastMatchYear = date.year
      const midnight = day * secondsPerDay
      for (const hour of hours) {
        if (midnight + (hour + 1) * 3600 <= from) continue
        for (const minute of minutes) {
          const start = midnight + hour * 3600 + minute * 60
          if (start + 60 <= from) continue
          for (const second of seconds) {
            if (start + second < from) continue
            work.spend()
            yield start + second
          }
        }
      }
    }
    day += 1
  }
}
