import { daysFromCivil, daysIn } from '../time.ts'

/**
 * Wall-clock time is a number too: seconds since 1970-01-01T00:00:00 as a clock on the wall counts them, whatever the zone.
 * Schedules are evaluated on the wall, and only then does a zone say which instant that was.
 */

export { daysFromCivil, daysIn }

export const secondsPerDay = 86_400
export const microsPerSecond = 1_000_000

export interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The date of the Gregorian calendar that lies `days` after 1970-01-01. */
export const civilFromDays = (days: number): Civil => {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1,
  }
}

/** 0 is Sunday, as in cron. */
export const weekdayFromSunday = (days: number): number => (((days + 4) % 7) + 7) % 7

/** 0 is Monday, as in iCalendar's rules. */
export const weekdayFromMonday = (days: number): number => (((days + 3) % 7) + 7) % 7

export const daysInYear = (year: number): number => (daysIn(year, 2) === 29 ? 366 : 365)

export const dayOf = (wall: number): number => Math.floor(wall / secondsPerDay)

/** Nothing is scheduled from the year 10000 on. */
export const endOfCalendar = daysFromCivil(9999, 12, 31) * secondsPerDay + secondsPerDay

/** Days from 1970 to Easter Sunday of the western churches (the anonymous Gregorian computus). */
export const easterOf = (year: number): number => {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const d = Math.floor(b / 4)
  const e = b % 4
  const g = Math.floor((8 * b + 13) / 25)
  const h = (19 * a + b - d - g + 15) % 30
  const i = Math.floor(c / 4)
  const k = c % 4
  const l = (32 + 2 * e + 2 * i - h - k) % 7
  const m = Math.floor((a + 11 * h + 19 * l) / 433)
  const month = Math.floor((h + l - 7 * m + 90) / 25)
  const day = (h + l - 7 * m + 33 * month + 19) % 32
  return daysFromCivil(year, month, day)
}
