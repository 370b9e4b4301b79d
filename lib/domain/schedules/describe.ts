import { civilFromDays, dayOf, microsPerSecond, secondsPerDay, weekdayFromSunday } from './calendar.ts'
import type { Cron, NthWeekday } from './cron.ts'
import { describeRuleSet } from './describe-rrule.ts'
import { type CronSchedule, type IntervalSchedule, type Schedule, zoneOf } from './schedule.ts'
import {
  and,
  clock,
  every,
  monthWords,
  ordinal,
  sorted,
  timeWords,
  two,
  weekdays,
  weekdayWords,
} from './words.ts'
import { wallOf } from './zone.ts'

/** Reads in English what a schedule does: “every weekday at 09:00, Europe/Berlin”. */
export const describeSchedule = (schedule: Schedule): string => {
  switch (schedule.type) {
    case 'interval':
      return describeInterval(schedule)
    case 'cron':
      return `${describeCron(schedule)}, ${zoneOf(schedule)}`
    case 'rrule':
      return `${describeRuleSet(schedule.parsed)}, ${zoneOf(schedule)}`
    default:
      return schedule satisfies never
  }
}

const isDaily = (text: string): boolean => text.startsWith('at ')

const nthWords = ({ weekday, nth }: NthWeekday): string =>
  `${nth === 'last' ? 'last' : ordinal(nth)} ${weekdays[weekday] ?? ''}`

const cronDayWords = (cron: Cron, dayOr: boolean): string => {
  const { monthDays, lastDayOfMonth, weekdays: ofWeek, nthWeekdays, months: ofYear, years } = cron
  const numbered =
    monthDays === undefined
      ? []
      : [...sorted(monthDays).map(ordinal), ...(lastDayOfMonth ? ['last day'] : [])]
  const ofMonth = ofYear === undefined ? 'of every month' : `of ${monthWords(ofYear)}`
  const byMonth = `on the ${and(numbered)} ${ofMonth}`
  const byNth = `on the ${and(nthWeekdays.map(nthWords))} ${ofMonth}`
  const year = years === undefined ? '' : ` of ${and(sorted(years).map(String))}`
  const inMonths = ofYear === undefined ? '' : ` in ${monthWords(ofYear)}`
  const hasNth = nthWeekdays.length > 0
  if (monthDays === undefined && hasNth) return byNth + year
  if (monthDays === undefined)
    return (ofWeek === undefined ? 'every day' : weekdayWords(ofWeek, 'every')) + inMonths + year
  if (ofWeek === undefined && !hasNth) return byMonth + year
  if (dayOr && ofWeek !== undefined)
    return (hasNth ? byNth : `${byMonth} and ${weekdayWords(ofWeek ?? new Set(), 'every')}${inMonths}`) + year
  const also = hasNth
    ? `the ${and(nthWeekdays.map(nthWords), 'or')}`
    : weekdayWords(ofWeek ?? new Set(), 'a').replace(/ and (?=\w+$)/, ' or ')
  return `${byMonth} if that is ${also}${year}`
}

const describeCron = ({ parsed, dayOr }: CronSchedule): string => {
  const time = timeWords(parsed.hours, parsed.minutes, parsed.seconds)
  const day = cronDayWords(parsed, dayOr)
  if (isDaily(time)) return `${day} ${time}`
  return day === 'every day' ? time : `${time}, ${day}`
}

const units = [
  [secondsPerDay * 7, 'week'],
  [secondsPerDay, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

const length = (seconds: number): string => {
  if (!Number.isInteger(seconds)) return every(seconds, 'second')
  for (const [size, unit] of units) if (seconds % size === 0) return every(seconds / size, unit)
  return every(seconds, 'second')
}

const describeInterval = (schedule: IntervalSchedule): string => {
  const { intervalSeconds, anchorMicros } = schedule
  const text = length(intervalSeconds)
  if (intervalSeconds < secondsPerDay) return text
  const zone = zoneOf(schedule)
  const wall = wallOf(zone, anchorMicros)
  const weekday = weekdays[weekdayFromSunday(dayOf(wall))] ?? ''
  const at = `at ${clock(wall - dayOf(wall) * secondsPerDay)}, ${zone}`
  if (intervalSeconds === 7 * secondsPerDay) return `every ${weekday} ${at}`
  if (intervalSeconds % (7 * secondsPerDay) === 0) return `${text} on ${weekday} ${at}`
  if (intervalSeconds % secondsPerDay === 0) return `${text} ${at}`
  const { year, month, day } = civilFromDays(dayOf(Math.floor(anchorMicros / microsPerSecond)))
  return `${text}, counted from ${year}-${two(month)}-${two(day)}, ${zone}`
}
