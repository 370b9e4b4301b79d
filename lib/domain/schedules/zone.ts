import { civilFromDays, daysFromCivil, microsPerSecond, secondsPerDay } from './calendar.ts'

/**
 * Time zones, by the tables that come with the runtime (ICU). A table is data, not a clock: the same question has the same answer.
 * Formatting costs some ten microseconds, so the offsets of a zone are found once a year of the calendar and kept.
 */

/** Names of the tz database without a slash. The runtime also knows others of its own (`IST`, `ACT`), which clients refuse. */
const zonesWithoutSlash = new Set(
  (
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran ' +
    'Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK ' +
    'Singapore Turkey UCT UTC Universal W-SU WET Zulu'
  ).split(' '),
)
const zoneWithSlash = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){1,2}$/

interface Offsets {
  /** Seconds since 1970 from which each offset holds; the first is before the year. */
  readonly from: readonly number[]
  readonly seconds: readonly number[]
}

interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly years: Map<number, Offsets>
}

const zones = new Map<string, Zone | undefined>()
/** More names than the tz database has, and more years than anyone plans ahead: only guards memory. */
const maxZones = 1000
const maxYearsOfZone = 200

const openZone = (name: string): Zone | undefined => {
  if (!zonesWithoutSlash.has(name) && (name.length > 50 || !zoneWithSlash.test(name))) return
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    const resolved = format.resolvedOptions().timeZone
    // The runtime does not mind the case of letters, clients do.
    if (resolved !== name && resolved.toLowerCase() === name.toLowerCase()) return
    return { format, years: new Map() }
  } catch {
    return
  }
}

const findZone = (name: string): Zone | undefined => {
  if (zones.has(name)) return zones.get(name)
  if (zones.size >= maxZones) zones.clear()
  const zone = openZone(name)
  zones.set(name, zone)
  return zone
}

export const isKnownZone = (name: string): boolean => findZone(name) !== undefined

const printed = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/

const measureOffset = ({ format }: Zone, second: number): number => {
  const match = printed.exec(format.format(second * 1000))
  if (match === null) return 0
  const [, month, day, year, hour, minute, s] = match.map(Number)
  const days = daysFromCivil(year ?? 1970, month ?? 1, day ?? 1)
  return days * secondsPerDay + (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (s ?? 0) - second
}

/** No zone has had an offset for less than a week and then gone back to the one before. */
const probeSeconds = 7 * secondsPerDay

const measureYear = (zone: Zone, year: number): Offsets => {
  const start = daysFromCivil(year, 1, 1) * secondsPerDay
  const end = daysFromCivil(year + 1, 1, 1) * secondsPerDay
  const from = [Number.NEGATIVE_INFINITY]
  const seconds = [measureOffset(zone, start)]
  let known = seconds[0] ?? 0
  for (let at = start; at < end; ) {
    const next = Math.min(at + probeSeconds, end - 1)
    const offset = measureOffset(zone, next)
    if (offset !== known) {
      let before = at
      let after = next
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        if (measureOffset(zone, middle) === known) before = middle
        else after = middle
      }
      known = measureOffset(zone, after)
      from.push(after)
      seconds.push(known)
      at = after
      continue
    }
    if (next === end - 1) break
    at = next
  }
  return { from, seconds }
}

/** Seconds that the zone's wall clock is ahead of UTC at an instant given in seconds since 1970. An unknown zone is UTC. */
const offsetAtSecond = (name: string, second: number): number => {
  const zone = findZone(name)
  if (zone === undefined) return 0
  const { year } = civilFromDays(Math.floor(second / secondsPerDay))
  let offsets = zone.years.get(year)
  if (offsets === undefined) {
    if (zone.years.size >= maxYearsOfZone) zone.years.clear()
    offsets = measureYear(zone, year)
    zone.years.set(year, offsets)
  }
  const { from, seconds } = offsets
  let i = from.length - 1
  while (i > 0 && (from[i] ?? 0) > second) i -= 1
  return seconds[i] ?? 0
}

const secondOf = (micros: number): number => Math.floor(micros / microsPerSecond)

export const offsetSecondsAt = (zone: string, micros: number): number =>
  offsetAtSecond(zone, secondOf(micros))

/** Seconds on the wall clock of the zone; fractions are cut off. */
export const wallOf = (zone: string, micros: number): number => {
  const second = secondOf(micros)
  return second + offsetAtSecond(zone, second)
}

/**
 * What a time on the wall can mean: one instant, two when clocks are put back over it, none when they are put forward over it.
 *
 * `earlier` takes the first of two, and goes back from a skipped time by what was skipped (02:30 becomes 01:30);
 * `later` takes the second of two, and goes on (02:30 becomes 03:30).
 */
export type Choice = 'earlier' | 'later'

/** Seconds since 1970 at which the zone's wall clock shows `wall`. */
export const secondOnWall = (zone: string, wall: number, choice: Choice): number => {
  const before = offsetAtSecond(zone, wall - secondsPerDay)
  const after = offsetAtSecond(zone, wall + secondsPerDay)
  if (before === after) return wall - before
  const one = wall - before
  const other = wall - after
  const oneHolds = offsetAtSecond(zone, one) === before
  const otherHolds = offsetAtSecond(zone, other) === after
  if (oneHolds !== otherHolds) return oneHolds ? one : other
  return choice === 'earlier' ? Math.min(one, other) : Math.max(one, other)
}

/** The clock's next jump forward that a time on the wall, up to `reach` seconds on, could fall into. */
export interface Jump {
  /** The first time on the wall that is skipped. */
  readonly from: number
  /** The first that is not. */
  readonly to: number
}

/** The jump forward whose skipped times, or times as long before them, hold `wall`; undefined nearly always. */
export const jumpAround = (zone: string, wall: number): Jump | undefined => {
  const before = offsetAtSecond(zone, wall - 2 * secondsPerDay)
  const after = offsetAtSecond(zone, wall + 2 * secondsPerDay)
  if (after <= before) return
  let low = wall - before - 2 * secondsPerDay
  let high = wall - before + 2 * secondsPerDay
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAtSecond(zone, middle) === before) low = middle
    else high = middle
  }
  const jump = { from: high + before, to: high + after }
  const length = jump.to - jump.from
  return wall >= jump.from - length && wall < jump.to ? jump : undefined
}
