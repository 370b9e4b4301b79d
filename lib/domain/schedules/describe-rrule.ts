import { civilFromDays, dayOf, secondsPerDay, weekdayFromSunday } from './calendar.ts'
import type { Frequency, RuleSet, RuleText } from './rrule-text.ts'
import {
  and,
  clock,
  every,
  hourWords,
  months,
  monthWords,
  ordinal,
  pastHour,
  place,
  sorted,
  timeWords,
  two,
  weekdays,
  weekdayWords,
} from './words.ts'

const unitOf = {
  YEARLY: 'year',
  MONTHLY: 'month',
  WEEKLY: 'week',
  DAILY: 'day',
  HOURLY: 'hour',
  MINUTELY: 'minute',
  SECONDLY: 'second',
} as const satisfies Record<Frequency, string>

const isNever = (values: readonly unknown[] | undefined): values is undefined => values === undefined

const ruleWeekdays = (rule: RuleText): string | undefined => {
  const { weekdays: named, frequency } = rule
  if (named === undefined) return
  const counts = frequency === 'MONTHLY' || frequency === 'YEARLY'
  const nths = counts ? named.filter(({ nth }) => nth !== undefined) : []
  if (nths.length === 0)
    return weekdayWords(new Set(named.map(({ weekday }) => (weekday + 1) % 7)), 'every').slice(6)
  return `the ${and(nths.map(({ weekday, nth = 1 }) => `${place(nth)} ${weekdays[(weekday + 1) % 7]}`))}`
}

const ruleDayWords = (rule: RuleText): string => {
  const { frequency, interval, months: ofYear, monthDays, yearDays, weeks, easterDays } = rule
  const start = civilFromDays(dayOf(rule.start))
  const names = ruleWeekdays(rule)
  const plainDays = isNever(monthDays) && isNever(yearDays) && isNever(weeks) && isNever(easterDays)
  const isFine = frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY'
  // “every Monday” says more than “every week on Monday”.
  if (
    names !== undefined &&
    plainDays &&
    interval === 1 &&
    (frequency === 'WEEKLY' || frequency === 'DAILY')
  ) {
    return `every ${names}${ofYear === undefined ? '' : ` in ${monthWords(ofYear)}`}`
  }
  const on: string[] = []
  if (names !== undefined) on.push(`on ${names}`)
  if (monthDays !== undefined) on.push(`on the ${and(monthDays.map(place))} of the month`)
  if (yearDays !== undefined) on.push(`on the ${and(yearDays.map(place))} day of the year`)
  if (weeks !== undefined) on.push(`in the ${and(weeks.map(place))} week of the year`)
  if (easterDays !== undefined) {
    on.push(
      `on ${and(easterDays.map((n) => (n === 0 ? 'Easter' : `the ${ordinal(Math.abs(n))} day ${n < 0 ? 'before' : 'after'} Easter`)))}`,
    )
  }
  if (names === undefined && plainDays) {
    if (frequency === 'YEARLY')
      on.push(`on the ${ordinal(start.day)}${ofYear === undefined ? ` of ${months[start.month - 1]}` : ''}`)
    if (frequency === 'MONTHLY') on.push(`on the ${ordinal(start.day)}`)
    if (frequency === 'WEEKLY') on.push(`on ${weekdays[weekdayFromSunday(dayOf(rule.start))]}`)
  }
  if (ofYear !== undefined) on.push(`in ${monthWords(ofYear)}`)
  const base = every(interval, unitOf[frequency])
  return on.length === 0 ? base : `${base}${isFine ? ',' : ''} ${on.join(' ')}`
}

const ruleTimeWords = (rule: RuleText): string => {
  const { frequency, hours, minutes, seconds } = rule
  const ofDay = rule.start - dayOf(rule.start) * secondsPerDay
  const only = (what: string, values: readonly number[] | undefined): string =>
    values === undefined ? '' : `${what} ${and(values.map(String))}`
  switch (frequency) {
    case 'HOURLY':
      return [
        hours === undefined ? '' : hourWords(hours),
        minutes === undefined && ofDay % 3600 === 0 && seconds === undefined
          ? ''
          : `at ${and((minutes ?? [Math.floor(ofDay / 60) % 60]).map(pastHour))}`,
        only('at second', seconds),
      ]
        .filter((word) => word !== '')
        .join(' ')
    case 'MINUTELY':
    case 'SECONDLY':
      return [
        hours === undefined ? '' : hourWords(hours),
        only('in minute', minutes),
        only('at second', seconds),
      ]
        .filter((word) => word !== '')
        .join(' ')
    default:
      return timeWords(
        hours ?? [Math.floor(ofDay / 3600)],
        minutes ?? [Math.floor(ofDay / 60) % 60],
        seconds ?? [ofDay % 60],
      )
  }
}

const date = (wall: number): string => {
  const { year, month, day } = civilFromDays(dayOf(wall))
  return `${year}-${two(month)}-${two(day)}`
}

const describeRule = (rule: RuleText): string => {
  const time = ruleTimeWords(rule)
  const parts = [ruleDayWords(rule) + (time === '' ? '' : ` ${time}`)]
  if (rule.positions !== undefined)
    parts.push(`only the ${and(rule.positions.map(place))} of these in each ${unitOf[rule.frequency]}`)
  if (rule.count !== undefined)
    parts.push(rule.count === 1 ? 'once' : `${rule.count} times from ${date(rule.start)}`)
  if (rule.until !== undefined) parts.push(`until ${date(rule.until)}`)
  return parts.join(', ')
}

/** More rules or dates than this are counted, not told. */
const maxTold = 3

/** “every Monday at 09:00, until 2026-12-31, except on 2026-05-04 09:00”. */
export const describeRuleSet = ({ rules, dates, exceptRules, exceptDates }: RuleSet): string => {
  const told = (texts: readonly string[], what: string): string =>
    texts.length <= maxTold
      ? and(texts)
      : `${and(texts.slice(0, maxTold - 1))}, and ${texts.length - maxTold + 1} more ${what}`
  const moments = (walls: readonly number[]): string =>
    told(
      sorted(walls).map((wall) => `${date(wall)} ${clock(wall - dayOf(wall) * secondsPerDay)}`),
      'dates',
    )
  const parts = [
    ...(rules.length > 0 ? [told(rules.map(describeRule), 'rules')] : []),
    ...(dates.length > 0 ? [`${rules.length > 0 ? 'also ' : ''}on ${moments(dates)}`] : []),
    ...(exceptRules.length > 0 ? [`except ${told(exceptRules.map(describeRule), 'rules')}`] : []),
    ...(exceptDates.length > 0 ? [`except on ${moments(exceptDates)}`] : []),
  ]
  return parts.join(', ')
}
