/** English that the kinds of schedule share. */

export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

export const two = (n: number): string => String(n).padStart(2, '0')

export const clock = (ofDay: number): string => {
  const seconds = ofDay % 60
  const text = `${two(Math.floor(ofDay / 3600))}:${two(Math.floor(ofDay / 60) % 60)}`
  return seconds === 0 ? text : `${text}:${two(seconds)}`
}

export const and = (words: readonly string[], last = 'and'): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`

export const sorted = (values: Iterable<number>): readonly number[] => [...values].sort((a, b) => a - b)

export const ordinal = (n: number): string => {
  const tens = n % 100
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${ending}`
}

/** From the end: “last”, “2nd to last”. */
export const place = (n: number): string =>
  n === -1 ? 'last' : n < 0 ? `${ordinal(-n)} to last` : ordinal(n)

/** “every minute”, “every 5 minutes”. */
export const every = (n: number, unit: string): string => (n === 1 ? `every ${unit}` : `every ${n} ${unit}s`)

/** Whole months and weekdays by name; a run of three or more as a range, Monday first. */
export const weekdayWords = (days: ReadonlySet<number>, prefix: string): string => {
  const has = (...wanted: readonly number[]): boolean =>
    days.size === wanted.length && wanted.every((day) => days.has(day))
  if (days.size === 7) return `${prefix} day`
  if (has(1, 2, 3, 4, 5)) return `${prefix} weekday`
  const fromMonday = sorted([...days].map((day) => (day + 6) % 7)).map((day) => weekdays[(day + 1) % 7] ?? '')
  return `${prefix} ${and(fromMonday)}`
}

export const monthWords = (values: Iterable<number>): string =>
  and(sorted(values).map((month) => months[month - 1] ?? ''))

/** More than this many times of day are told as a pattern. */
const maxClockTimes = 6

/** The step of values that go evenly from the field's first to its last; undefined when they do not. */
const evenStep = (values: readonly number[], size: number): number | undefined => {
  const [first, second] = values
  if (first !== 0 || second === undefined || size % second !== 0 || values.length !== size / second) return
  return values.every((value, i) => value === i * second) ? second : undefined
}

export const hourWords = (hours: readonly number[]): string => {
  const first = hours[0] ?? 0
  const last = hours.at(-1) ?? 0
  if (hours.length > 2 && last - first === hours.length - 1) return `from ${two(first)}:00 to ${two(last)}:59`
  return `in the ${hours.length === 1 ? 'hour' : 'hours'} of ${and(hours.map((hour) => `${two(hour)}:00`))}`
}

/** Minutes of whichever hour: “:05”. */
export const pastHour = (minute: number): string => `:${two(minute)}`

/** “at 09:00 and 17:00”, “every 5 minutes”, “every 15 minutes from 09:00 to 17:59”. Times of one day. */
export const timeWords = (
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): string => {
  const onMinute = seconds.length === 1 && seconds[0] === 0
  if (hours.length * minutes.length * seconds.length <= maxClockTimes) {
    const times = hours.flatMap((h) =>
      minutes.flatMap((m) => seconds.map((s) => clock(h * 3600 + m * 60 + s))),
    )
    return `at ${and(times)}`
  }
  const within = hours.length === 24 ? '' : ` ${hourWords(hours)}`
  const everyHours = evenStep(hours, 24)
  if (minutes.length === 1 && seconds.length === 1) {
    const past =
      minutes[0] === 0 && onMinute
        ? ''
        : ` at ${pastHour(minutes[0] ?? 0)}${onMinute ? '' : `:${two(seconds[0] ?? 0)}`}`
    if (everyHours !== undefined) return `${every(everyHours, 'hour')}${past}`
    return `every hour${past}${within}`
  }
  const step = evenStep(minutes, 60)
  const listed = step === undefined && minutes.length <= maxClockTimes
  const everyFew = everyHours !== undefined && everyHours > 1 ? every(everyHours, 'hour') : null
  const inHours = everyFew === null ? within : listed ? '' : ` of ${everyFew}`
  const minuteText =
    step !== undefined
      ? every(step, 'minute')
      : listed
        ? `${everyFew ?? 'every hour'} at ${and(minutes.map(pastHour))}`
        : `in ${minutes.length} minutes of every hour`
  if (onMinute) return `${minuteText}${inHours}`
  const secondStep = evenStep(seconds, 60)
  const secondText =
    secondStep !== undefined
      ? every(secondStep, 'second')
      : seconds.length <= maxClockTimes
        ? `at second ${and(seconds.map(String))}`
        : `in ${seconds.length} seconds`
  return minutes.length === 60
    ? `${secondText}${seconds.length > 1 && secondStep ? '' : ' of every minute'}${inHours}`
    : `${secondText}, ${minuteText}${inHours}`
}
