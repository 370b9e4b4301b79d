import {
  type Civil,
  civilFromDays,
  dayOf,
  daysFromCivil,
  daysIn,
  daysInYear,
  easterOf,
  endOfCalendar,
  secondsPerDay,
  weekdayFromMonday,
} from './calendar.ts'
import type { RuleSet, RuleText } from './rrule-text.ts'
import type { Work } from './work.ts'

/**
 * Which times on the wall a recurrence rule means; equal to dateutil's, oddities included where a stored rule could show them.
 *
 * Written by hand since the libraries walk every occurrence from DTSTART on: six years of `FREQ=MINUTELY` took the package `rrule`
 * 36 seconds, for one deployment on one pass. Here a rule without COUNT starts at the period that is asked for, and all work is counted.
 */

type DayTest = (days: number, date: Civil) => boolean

interface Rule extends RuleText {
  readonly matchesDay: DayTest
  readonly hourList: readonly number[]
  readonly minuteList: readonly number[]
  readonly secondList: readonly number[]
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)
const everyHour = upTo(24)
const everySixtieth = upTo(60)

/** In a year that starts on a Friday, with weeks from Monday, week 1 starts on the 4th of January. */
const firstWeekOf = (year: number, weekStart: number): number => {
  const newYear = daysFromCivil(year, 1, 1)
  const untilWeekStart = (7 - weekdayFromMonday(newYear) + weekStart) % 7
  return newYear + (untilWeekStart >= 4 ? untilWeekStart - 7 : untilWeekStart)
}

const weeksIn = (year: number, weekStart: number): number =>
  Math.round((firstWeekOf(year + 1, weekStart) - firstWeekOf(year, weekStart)) / 7)

/**
 * The number of the last week of a year, as dateutil has it for the first days of the next one: it takes the length of the wrong year,
 * and so now and then says 53 for 52. A rule with BYWEEKNO=53 is rare enough to keep what clients show.
 */
const lastWeekSeenFrom = (year: number, weekStart: number): number => {
  const untilWeekStart = (new_: number) => (7 - weekdayFromMonday(daysFromCivil(new_, 1, 1)) + weekStart) % 7
  if (untilWeekStart(year - 1) >= 4) {
    const before = (weekdayFromMonday(daysFromCivil(year - 1, 1, 1)) - weekStart + 7) % 7
    return 52 + Math.floor(((daysInYear(year - 1) + before) % 7) / 4)
  }
  return 52 + Math.floor(((daysInYear(year) - untilWeekStart(year)) % 7) / 4)
}

const testWeeks = (weeks: readonly number[], weekStart: number): DayTest => {
  const wanted = new Set(weeks)
  return (days, { year }) => {
    const first = firstWeekOf(year, weekStart)
    if (days < first) return wanted.has(-1) || wanted.has(lastWeekSeenFrom(year, weekStart))
    const count = weeksIn(year, weekStart)
    const week = Math.floor((days - first) / 7) + 1
    if (week > count) return wanted.has(1)
    return wanted.has(week) || wanted.has(week - count - 1)
  }
}

const inMonth = (nth: number, day: number, length: number): boolean =>
  nth > 0 ? Math.floor((day - 1) / 7) + 1 === nth : Math.floor((length - day) / 7) + 1 === -nth

const testNthWeekdays = (rule: RuleText, nths: readonly (readonly [number, number])[]): DayTest => {
  const ofYear = rule.frequency === 'YEARLY' && rule.months === undefined
  return (days, date) => {
    const weekday = weekdayFromMonday(days)
    return nths.some(([wanted, nth]) => {
      if (wanted !== weekday) return false
      if (!ofYear) return inMonth(nth, date.day, daysIn(date.year, date.month))
      return inMonth(nth, days - daysFromCivil(date.year, 1, 1) + 1, daysInYear(date.year))
    })
  }
}

const testYearDays = (yearDays: readonly number[]): DayTest => {
  const wanted = new Set(yearDays)
  return (days, { year }) => {
    const day = days - daysFromCivil(year, 1, 1) + 1
    return wanted.has(day) || wanted.has(day - daysInYear(year) - 1)
  }
}

const testMonthDays = (monthDays: readonly number[]): DayTest => {
  const wanted = new Set(monthDays)
  return (_, { year, month, day }) => wanted.has(day) || wanted.has(day - daysIn(year, month) - 1)
}

/** All must hold; a rule with both `MO` and `2TU` therefore means nothing, as in dateutil. */
const testDay = (rule: RuleText): DayTest => {
  const tests: DayTest[] = []
  const { months, monthDays, yearDays, weeks, weekdays, easterDays, frequency, weekStart } = rule
  const start = civilFromDays(dayOf(rule.start))
  const namesDay = [monthDays, yearDays, weeks, weekdays, easterDays].some((part) => part !== undefined)
  const effectiveMonths = months ?? (!namesDay && frequency === 'YEARLY' ? [start.month] : undefined)
  if (effectiveMonths !== undefined) {
    const wanted = new Set(effectiveMonths)
    tests.push((_, { month }) => wanted.has(month))
  }
  if (!namesDay && (frequency === 'YEARLY' || frequency === 'MONTHLY')) tests.push(testMonthDays([start.day]))
  if (!namesDay && frequency === 'WEEKLY') {
    const wanted = weekdayFromMonday(dayOf(rule.start))
    tests.push((days) => weekdayFromMonday(days) === wanted)
  }
  if (monthDays !== undefined) tests.push(testMonthDays(monthDays))
  if (yearDays !== undefined) tests.push(testYearDays(yearDays))
  if (weeks !== undefined) tests.push(testWeeks(weeks, weekStart))
  if (weekdays !== undefined) {
    const countsWeeks = frequency === 'YEARLY' || frequency === 'MONTHLY'
    const plain = new Set(
      weekdays.filter(({ nth }) => nth === undefined || !countsWeeks).map((each) => each.weekday),
    )
    const nths = countsWeeks
      ? weekdays.flatMap(({ weekday, nth }) => (nth === undefined ? [] : [[weekday, nth] as const]))
      : []
    if (plain.size > 0) tests.push((days) => plain.has(weekdayFromMonday(days)))
    if (nths.length > 0) tests.push(testNthWeekdays(rule, nths))
  }
  if (easterDays !== undefined) {
    const wanted = new Set(easterDays)
    tests.push((days, { year }) => wanted.has(days - easterOf(year)))
  }
  return (days, date) => tests.every((test) => test(days, date))
}

const prepare = (rule: RuleText): Rule => {
  const { frequency, start } = rule
  const ofDay = start - dayOf(start) * secondsPerDay
  const finer = (...names: readonly string[]): boolean => names.includes(frequency)
  return {
    ...rule,
    matchesDay: testDay(rule),
    hourList:
      rule.hours ?? (finer('HOURLY', 'MINUTELY', 'SECONDLY') ? everyHour : [Math.floor(ofDay / 3600)]),
    minuteList:
      rule.minutes ?? (finer('MINUTELY', 'SECONDLY') ? everySixtieth : [Math.floor(ofDay / 60) % 60]),
    secondList: rule.seconds ?? (finer('SECONDLY') ? everySixtieth : [ofDay % 60]),
  }
}

const secondsOfUnit = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 } as const

const isSubDaily = (frequency: string): frequency is keyof typeof secondsOfUnit => frequency in secondsOfUnit

/** The `n`th of days × times without building the list, which may have millions. Positions count from 1, or from -1 at the end. */
function* atPositions(
  positions: readonly number[],
  days: readonly number[],
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): Generator<number, void> {
  const timesOfDay = hours.length * minutes.length * seconds.length
  const total = days.length * timesOfDay
  const indexes = new Set(positions.map((position) => (position > 0 ? position - 1 : total + position)))
  for (const index of [...indexes].sort((a, b) => a - b)) {
    if (index < 0 || index >= total) continue
    const day = days[Math.floor(index / timesOfDay)] ?? 0
    const time = index % timesOfDay
    const hour = hours[Math.floor(time / (minutes.length * seconds.length))] ?? 0
    const minute = minutes[Math.floor(time / seconds.length) % minutes.length] ?? 0
    yield day * secondsPerDay + hour * 3600 + minute * 60 + (seconds[time % seconds.length] ?? 0)
  }
}

function* timesOn(rule: Rule, day: number, from: number, work: Work): Generator<number, void> {
  for (const hour of rule.hourList) {
    const atHour = day * secondsPerDay + hour * 3600
    if (atHour + 3600 <= from) continue
    for (const minute of rule.minuteList) {
      const atMinute = atHour + minute * 60
      if (atMinute + 60 <= from) continue
      for (const second of rule.secondList) {
        work.spend()
        if (atMinute + second >= from) yield atMinute + second
      }
    }
  }
}

interface Period {
  readonly firstDay: number
  readonly endDay: number
}

/** The `n`th year, month, week or day of the rule, the first of them holding its start. */
const periodOf = (rule: Rule, n: number): Period => {
  const startDay = dayOf(rule.start)
  const { year, month } = civilFromDays(startDay)
  const steps = n * rule.interval
  switch (rule.frequency) {
    case 'YEARLY':
      return { firstDay: daysFromCivil(year + steps, 1, 1), endDay: daysFromCivil(year + steps + 1, 1, 1) }
    case 'MONTHLY': {
      const months = year * 12 + month - 1 + steps
      const first = daysFromCivil(Math.floor(months / 12), (months % 12) + 1, 1)
      return { firstDay: first, endDay: first + daysIn(Math.floor(months / 12), (months % 12) + 1) }
    }
    case 'WEEKLY': {
      const week = startDay - ((weekdayFromMonday(startDay) - rule.weekStart + 7) % 7) + steps * 7
      // The first week counts from the start: positions in it do too.
      return { firstDay: n === 0 ? startDay : week, endDay: week + 7 }
    }
    default:
      return { firstDay: startDay + steps, endDay: startDay + steps + 1 }
  }
}

/** The greatest number of a period that ends before or with the day, 0 if none. */
const periodBefore = (rule: Rule, day: number): number => {
  const startDay = dayOf(rule.start)
  const from = civilFromDays(startDay)
  const to = civilFromDays(day)
  const apart = {
    YEARLY: to.year - from.year,
    MONTHLY: (to.year - from.year) * 12 + to.month - from.month,
    WEEKLY: Math.floor((day - startDay) / 7),
    DAILY: day - startDay,
    HOURLY: 0,
    MINUTELY: 0,
    SECONDLY: 0,
  }[rule.frequency]
  return Math.max(0, Math.floor(apart / rule.interval) - 1)
}

function* coarseWalls(rule: Rule, from: number, work: Work): Generator<number, void> {
  const fromDay = dayOf(from)
  for (let n = periodBefore(rule, fromDay); ; n++) {
    const { firstDay, endDay } = periodOf(rule, n)
    if (firstDay * secondsPerDay >= endOfCalendar) return
    work.spend()
    if (endDay <= fromDay) continue
    const { positions } = rule
    const matching: number[] = []
    for (let day = positions === undefined ? Math.max(firstDay, fromDay) : firstDay; day < endDay; day++) {
      work.spend()
      if (!rule.matchesDay(day, civilFromDays(day))) continue
      if (positions === undefined) yield* timesOn(rule, day, from, work)
      else matching.push(day)
    }
    if (positions !== undefined) {
      yield* atPositions(positions, matching, rule.hourList, rule.minuteList, rule.secondList)
    }
  }
}

function* fineWalls(rule: Rule, unit: number, from: number, work: Work): Generator<number, void> {
  const first = Math.floor(rule.start / unit)
  const { interval } = rule
  const alignUp = (n: number): number => first + Math.ceil(Math.max(0, n - first) / interval) * interval
  const hours = new Set(rule.hourList)
  const minutes = new Set(rule.minuteList)
  const seconds = new Set(rule.secondList)
  const { positions } = rule
  for (let n = alignUp(Math.floor(from / unit)); n * unit < endOfCalendar; ) {
    work.spend()
    const wall = n * unit
    const day = dayOf(wall)
    if (!rule.matchesDay(day, civilFromDays(day))) {
      n = alignUp(((day + 1) * secondsPerDay) / unit)
      continue
    }
    const hour = Math.floor(wall / 3600)
    if (!hours.has(hour - day * 24)) {
      n = alignUp(((hour + 1) * 3600) / unit)
      continue
    }
    const minute = Math.floor(wall / 60)
    if (unit <= 60 && !minutes.has(minute - hour * 60)) {
      n = alignUp(((minute + 1) * 60) / unit)
      continue
    }
    if (unit > 1 || seconds.has(wall - minute * 60)) {
      const these = {
        hours: [hour - day * 24],
        minutes: unit > 60 ? rule.minuteList : [minute - hour * 60],
        seconds: unit > 1 ? rule.secondList : [wall - minute * 60],
      }
      if (positions !== undefined) {
        yield* atPositions(positions, [day], these.hours, these.minutes, these.seconds)
      } else {
        for (const m of these.minutes) for (const s of these.seconds) yield hour * 3600 + m * 60 + s
      }
    }
    n += interval
  }
}

/** A rule that names one time a period, so that its count can be reckoned. */
const secondsPerOccurrence = (rule: RuleText): number | undefined => {
  const { months, monthDays, yearDays, weeks, weekdays, easterDays, hours, minutes, seconds, positions } =
    rule
  const parts = [months, monthDays, yearDays, weeks, weekdays, easterDays, hours, minutes, seconds, positions]
  if (parts.some((part) => part !== undefined)) return
  const unit = { WEEKLY: 7 * secondsPerDay, DAILY: secondsPerDay, ...secondsOfUnit, MONTHLY: 0, YEARLY: 0 }[
    rule.frequency
  ]
  return unit === 0 ? undefined : unit * rule.interval
}

function* plainWalls(rule: RuleText, apart: number, from: number): Generator<number, void> {
  const { start, until = endOfCalendar, count = Number.POSITIVE_INFINITY } = rule
  for (let n = Math.max(0, Math.ceil((from - start) / apart)); n < count; n++) {
    const wall = start + n * apart
    if (wall > until || wall >= endOfCalendar) return
    yield wall
  }
}

/** Times of one rule, in order, none before `from`. With COUNT, all before are walked too. */
export function* ruleWalls(text: RuleText, from: number, work: Work): Generator<number, void> {
  const apart = secondsPerOccurrence(text)
  if (apart !== undefined) {
    yield* plainWalls(text, apart, from)
    return
  }
  const rule = prepare(text)
  const begin = rule.count === undefined ? Math.max(from, rule.start) : rule.start
  const unit = isSubDaily(rule.frequency) ? secondsOfUnit[rule.frequency] : undefined
  const walls = unit === undefined ? coarseWalls(rule, begin, work) : fineWalls(rule, unit, begin, work)
  let left = rule.count ?? Number.POSITIVE_INFINITY
  for (const wall of walls) {
    work.spend()
    if (wall > (rule.until ?? endOfCalendar)) return
    if (wall < begin) continue
    if (left === 0) return
    left -= 1
    if (wall >= from) yield wall
  }
}

/** Several streams in order as one, each time once. */
function* merge(streams: readonly Iterator<number, void>[], work: Work): Generator<number, void> {
  const heads = streams.flatMap((stream) => {
    const { value } = stream.next()
    return typeof value === 'number' ? [{ stream, value }] : []
  })
  while (heads.length > 0) {
    work.spend(heads.length)
    let least = Number.POSITIVE_INFINITY
    for (const { value } of heads) least = Math.min(least, value)
    for (let i = heads.length - 1; i >= 0; i--) {
      const head = heads[i]
      if (head?.value !== least) continue
      const { value } = head.stream.next()
      if (typeof value === 'number') head.value = value
      else heads.splice(i, 1)
    }
    yield least
  }
}

const datesFrom = (dates: readonly number[], from: number): Iterator<number, void> =>
  [...new Set(dates)]
    .filter((date) => date >= from)
    .sort((a, b) => a - b)
    .values() as Iterator<number, void>

/** Times on the wall that the rules and dates name and no exception takes away, in order, none before `from`. */
export function* ruleSetWalls(set: RuleSet, from: number, work: Work): Generator<number, void> {
  const streams = (rules: readonly RuleText[], dates: readonly number[]) => [
    datesFrom(dates, from),
    ...rules.map((rule) => ruleWalls(rule, from, work)),
  ]
  const except = merge(streams(set.exceptRules, set.exceptDates), work)
  let excepted = except.next()
  for (const wall of merge(streams(set.rules, set.dates), work)) {
    while (!excepted.done && excepted.value < wall) excepted = except.next()
    if (excepted.done || excepted.value !== wall) yield wall
  }
}
