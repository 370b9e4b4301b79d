/**
 * How instants and lengths of time read. Instants are UTC inside and get a zone only here.
 * Kept free of `Date.now()`: what is "today" depends on a `nowMs` that the caller passes.
 */
export interface Parts {
  readonly year: string
  readonly month: string
  readonly day: string
  readonly hour: string
  readonly minute: string
  readonly second: string
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterFor(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  formatters.set(zone, made)
  return made
}

export function partsIn(zone: string, ms: number): Parts {
  const found: Record<string, string> = {}
  for (const part of formatterFor(zone).formatToParts(ms)) found[part.type] = part.value
  return {
    year: found.year ?? '',
    // British English says Sept; three letters keep columns even.
    month: (found.month ?? '').slice(0, 3),
    day: found.day ?? '',
    hour: found.hour ?? '',
    minute: found.minute ?? '',
    second: found.second ?? '',
  }
}

/** A zone that this runtime knows; else UTC. A cookie may hold anything. */
export function knownZone(zone: string | undefined): string {
  if (!zone) return 'UTC'
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone })
    return zone
  } catch {
    return 'UTC'
  }
}

const clock = (p: Parts): string => `${p.hour}:${p.minute}:${p.second}`

/** Today `14:32:07`; this year `22 Nov 14:02`; older `22 Nov 2025`. */
export function formatInstant(ms: number, nowMs: number, zone: string): string {
  const at = partsIn(zone, ms)
  const now = partsIn(zone, nowMs)
  if (at.year !== now.year) return `${at.day} ${at.month} ${at.year}`
  if (at.month === now.month && at.day === now.day) return clock(at)
  return `${at.day} ${at.month} ${at.hour}:${at.minute}`
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const dayNumber = ({ year, month, day }: Parts): number =>
  Date.UTC(Number(year), months.indexOf(month), Number(day)) / 86_400_000

/** The first day of 1970 was a Thursday. */
export const weekdayOf = (p: Parts): string => weekdays[(dayNumber(p) + 4) % 7] ?? ''

/** What is to come, always with its day: `Today 14:32`, `Tomorrow 06:00`, `Wed 2 Dec 06:00`, `Sat 2 Jan 2027 06:00`. */
export function formatFiring(ms: number, nowMs: number, zone: string): string {
  const at = partsIn(zone, ms)
  const now = partsIn(zone, nowMs)
  const time = at.second === '00' ? `${at.hour}:${at.minute}` : clock(at)
  const ahead = dayNumber(at) - dayNumber(now)
  if (ahead === 0) return `Today ${time}`
  if (ahead === 1) return `Tomorrow ${time}`
  return `${weekdayOf(at)} ${at.day} ${at.month}${at.year === now.year ? '' : ` ${at.year}`} ${time}`
}

/** Day with year, for expiries: `21 Feb 2027`. */
export function formatDay(ms: number, zone: string): string {
  const at = partsIn(zone, ms)
  return `${at.day} ${at.month} ${at.year}`
}

/** `14:31:44.102`, for log lines. */
export function formatMillis(ms: number, zone: string): string {
  return `${clock(partsIn(zone, ms))}.${String(((Math.trunc(ms) % 1000) + 1000) % 1000).padStart(3, '0')}`
}

/** The full instant with offset and UTC, for hovers. */
export function formatFull(ms: number, zone: string): string {
  const at = partsIn(zone, ms)
  const utc = partsIn('UTC', ms)
  const offset =
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' })
      .formatToParts(ms)
      .find((part) => part.type === 'timeZoneName')?.value ?? 'UTC'
  const local = `${at.day} ${at.month} ${at.year} ${formatMillis(ms, zone)}`
  return offset === 'GMT' || zone === 'UTC' ? `${local} UTC` : `${local} ${offset} (${clock(utc)} UTC)`
}

const told =
  /\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(UTC\b|Z\b|[+-]\d\d:?\d\d\b)|\b(\d\d:\d\d:\d\d) UTC\b/g

/**
 * A sentence in pieces: what it says, and the instants that it tells (`2026-11-24T06:00:00Z`, `12:03:10 UTC`), as milliseconds.
 * A time without a day is of the UTC day of `aroundMs`, when the sentence was made. Times without a zone stay words.
 */
export function instantsIn(text: string, aroundMs: number): readonly (string | number)[] {
  const pieces: (string | number)[] = []
  let end = 0
  for (const found of text.matchAll(told)) {
    const [whole, day, time, offset, alone] = found
    const at = alone
      ? `${new Date(aroundMs).toISOString().slice(0, 10)}T${alone}Z`
      : // Browsers know no more than milliseconds for sure.
        `${day}T${time?.replace(/(\.\d{3})\d+/, '$1')}${offset === 'UTC' ? 'Z' : offset?.replace(/^(...):?/, '$1:')}`
    const ms = Date.parse(at)
    if (Number.isNaN(ms)) continue
    if (found.index > end) pieces.push(text.slice(end, found.index))
    pieces.push(ms)
    end = found.index + whole.length
  }
  return end < text.length ? [...pieces, text.slice(end)] : pieces
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `840ms`, `38.2s`, `6m 20s`, `1h 04m`, `3d 02h`: two units at most, the second one padded. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, seconds)
  const millis = Math.round(whole * 1000)
  if (millis < 1000) return `${millis}ms`
  const tenths = Math.round(whole * 10)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`
  return formatWholeSeconds(Math.round(whole))
}

/** For what still runs: ticks each second and never shows tenths. */
export function formatRunning(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return whole < 60 ? `${whole}s` : formatWholeSeconds(whole)
}

function formatWholeSeconds(s: number): string {
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`
  const minutes = Math.floor(s / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}

/** One unit, for lateness: `7m`. */
export function formatLateness(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m`
  if (s < 86_400) return `${Math.floor(s / 3600)}h`
  return `${Math.floor(s / 86_400)}d`
}

function amount(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  const days = Math.floor(seconds / 86_400)
  return `${days} ${days === 1 ? 'day' : 'days'}`
}

/** `4 s ago`, `14 min ago`, `in 3 h`. */
export function formatAgo(ms: number, nowMs: number): string {
  const seconds = (nowMs - ms) / 1000
  return seconds >= 0 ? `${amount(seconds)} ago` : `in ${amount(-seconds)}`
}

/** Offset on an axis from its start: `+4m`, `+1h 30m`, `+20s`, `+0.5s`. */
export function formatOffset(seconds: number): string {
  if (seconds < 1) return `+${Math.round(seconds * 1000)}ms`
  if (seconds < 60) return `+${Number(seconds.toFixed(1))}s`
  if (seconds < 3600) {
    const rest = Math.round(seconds % 60)
    return `+${Math.floor(seconds / 60)}m${rest ? ` ${two(rest)}s` : ''}`
  }
  if (seconds < 86_400) {
    const rest = Math.round((seconds % 3600) / 60)
    return `+${Math.floor(seconds / 3600)}h${rest ? ` ${two(rest)}m` : ''}`
  }
  const rest = Math.round((seconds % 86_400) / 3600)
  return `+${Math.floor(seconds / 86_400)}d${rest ? ` ${two(rest)}h` : ''}`
}

/** Figures in groups of three: `1,204`; from the cap on `10,000+`. */
export function formatCount(count: number, cap = Number.POSITIVE_INFINITY): string {
  const text = (n: number) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return count >= cap ? `${text(cap)}+` : text(count)
}
