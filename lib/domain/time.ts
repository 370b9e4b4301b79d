/**
 * Instants are numbers: microseconds since 1970, UTC. A `Date` would drop the last three digits, by which clients order states.
 *
 * Between the years 1684 and 2255 every microsecond has a number of its own; beyond, neighbours up to 32 µs apart share one.
 */

const microsPerSecond = 1_000_000
const secondsPerDay = 86_400

/** Days from 1970-01-01 to a date of the Gregorian calendar. Counts years from March, so that the leap day comes last. */
export const daysFromCivil = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

const firstSecond = daysFromCivil(1, 1, 1) * secondsPerDay
const lastSecond = daysFromCivil(9999, 12, 31) * secondsPerDay + secondsPerDay - 1

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** Length of a month, 28 to 31 days. */
export const daysIn = (year: number, month: number): number =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : (daysOfMonth[month - 1] ?? 0)

/** NaN unless both characters are digits: comparisons with it fail, and so do sums. */
const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

const colon = 58
const dot = 46
const dash = 45
const plus = 43

/**
 * Reads RFC 3339, also with a space for the `T`, without seconds, without an offset (UTC), with `±hh` or `±hhmm`, or a date alone
 * (midnight UTC); so also what Postgres prints. Digits after the sixth of a fraction are cut off, more than nine refused.
 *
 * Microseconds since 1970, or undefined when it is no instant of the years 1 to 9999.
 */
export const parseInstant = (text: string): number | undefined => {
  const { length } = text
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return
  const midnight = daysFromCivil(year, month, day) * secondsPerDay
  if (length === 10) return midnight * microsPerSecond

  const separator = text.charCodeAt(10) | 32 // 'T' and 't' become 't'; a space stays
  if (separator !== 116 && separator !== 32) return
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  if (!(hour <= 23 && minute <= 59) || text.charCodeAt(13) !== colon) return
  let at = 16
  let second = 0
  let micros = 0
  if (text.charCodeAt(at) === colon) {
    second = twoDigits(text, at + 1)
    if (!(second <= 59)) return
    at += 3
    if (text.charCodeAt(at) === dot) {
      at += 1
      const from = at
      let weight = 100_000
      for (; at < length; at++) {
        const digit = text.charCodeAt(at) - 48
        if (!(digit >= 0 && digit <= 9)) break
        micros += digit * weight
        weight = weight === 1 ? 0 : weight / 10
      }
      if (at === from || at - from > 9) return
    }
  }
  const offset = parseOffsetSeconds(text, at)
  if (offset === undefined) return
  const seconds = midnight + hour * 3600 + minute * 60 + second - offset
  if (seconds < firstSecond || seconds > lastSecond) return
  return seconds * microsPerSecond + micros
}

/** `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing, from `at` to the end. */
const parseOffsetSeconds = (text: string, at: number): number | undefined => {
  const rest = text.length - at
  if (rest === 0) return 0
  const sign = text.charCodeAt(at)
  if ((sign | 32) === 122) return rest === 1 ? 0 : undefined
  if (sign !== plus && sign !== dash) return
  const hours = twoDigits(text, at + 1)
  const colons = text.charCodeAt(at + 3) === colon ? 1 : 0
  const minutes = rest === 3 ? 0 : rest === 5 + colons ? twoDigits(text, at + 3 + colons) : Number.NaN
  if (!(hours <= 23 && minutes <= 59)) return
  return (hours * 3600 + minutes * 60) * (sign === dash ? -1 : 1)
}

/** `00` … `99`, made once. */
const two = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))
const pad2 = (n: number): string => two[n] ?? ''
const pad4 = (n: number): string => pad2(Math.floor(n / 100)) + pad2(n % 100)
const pad6 = (n: number): string => pad2(Math.floor(n / 10_000)) + pad4(n % 10_000)

/** `2026-08-21T16:27:33.123456Z`, always six digits. Throws RangeError outside the years 1 to 9999. */
export const formatInstant = (micros: number): string => {
  const whole = Math.floor(micros)
  let seconds = Math.floor(whole / microsPerSecond)
  let fraction = whole - seconds * microsPerSecond
  // The last microseconds of 9999 share their number with the year 10000.
  if (seconds === lastSecond + 1 && fraction === 0) {
    seconds = lastSecond
    fraction = microsPerSecond - 1
  }
  if (!(seconds >= firstSecond && seconds <= lastSecond)) {
    throw new RangeError(`No instant of the years 1 to 9999: ${micros}`)
  }
  // The quotient rounds up now and then beyond 2^53.
  if (fraction < 0) {
    seconds -= 1
    fraction += microsPerSecond
  }
  const days = Math.floor(seconds / secondsPerDay)
  const ofDay = seconds - days * secondsPerDay
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
  const day = dayOfYear - Math.floor((153 * m + 2) / 5) + 1
  const month = m < 10 ? m + 3 : m - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const hour = Math.floor(ofDay / 3600)
  const minute = Math.floor((ofDay % 3600) / 60)
  return `${pad4(year)}-${pad2(month)}-${pad2(day)}T${pad2(hour)}:${pad2(minute)}:${pad2(ofDay % 60)}.${pad6(fraction)}Z`
}

const number = String.raw`(\d+(?:[.,]\d+)?)`
const isoDuration = new RegExp(
  `^([+-])?P(?=.)(?:${number}W)?(?:${number}D)?(?:T(?=.)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
)
const unitSeconds = [7 * secondsPerDay, secondsPerDay, 3600, 60, 1] as const

/**
 * Clients send a length of time as a number of seconds, as such a number in text, or in ISO 8601 (`PT60S`, `P1DT2H`).
 *
 * Seconds, or undefined when it is none of these. Years and months have no fixed length and are refused.
 */
export const parseDurationSeconds = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.length > 100) return
  if (/^[+-]?\d+(?:\.\d+)?$/.test(value)) return Number(value)
  const match = isoDuration.exec(value)
  if (match === null) return
  const [, sign, ...amounts] = match
  let seconds = 0
  for (const [i, unit] of unitSeconds.entries()) {
    seconds += Number((amounts[i] ?? '0').replace(',', '.')) * unit
  }
  return sign === '-' && seconds !== 0 ? -seconds : seconds
}
