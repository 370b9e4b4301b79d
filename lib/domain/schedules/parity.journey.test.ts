import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { fireTimes } from './fire-times.ts'
import { parseSchedule, type Schedule } from './schedule.ts'
import { offsetSecondsAt } from './zone.ts'

/**
 * Our times beside those of croniter, dateutil and pendulum, and of the reference's own classes, for schedules thrown by a seeded dice.
 *
 * What differs, and why:
 * - A schedule that never fires, or hides its times behind too much work, is refused here; the libraries search, some for ever.
 *   So is one that has dates (RDATE) beside such a rule.
 * - `0 0 1 * 1#2` fires on second Mondays, as `1 * 5#1` does in croniter; croniter fails on it, since no 1st is one.
 * - In Ireland and Morocco the tables call winter the exception, and dateutil then takes a skipped time for the later one.
 * - The reference goes to the first time of an interval of days in elapsed seconds, so that a daily 09:00 becomes 10:00 in the other half
 *   of the year; and a time that was skipped moves all that follow. Ours stay at the anchor's time on the wall, as pendulum has it.
 * - The reference carries an old croniter that after February skips days (`0 0 1,31 * *` leaves out the 1st of March),
 *   and takes `59/5` for every fifth minute.
 */

const venvs =
  process.env.RIGEL_CONFORMANCE_VENVS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rigel-conformance')
const libraries = ['croniter==7.0.0', 'python-dateutil==2.9.0.post0', 'pendulum==3.3.0']
const run = promisify(execFile)

interface Case {
  readonly timezone: string
  /** Microseconds; the first time on or after it is wanted, and `count` in all. */
  readonly start: number
  readonly count: number
  readonly cron?: string
  readonly day_or?: boolean
  readonly rrule?: string
  readonly interval?: number
  readonly anchor?: number
}

interface Answer {
  readonly versions: Readonly<Record<string, string>>
  readonly zones: Readonly<Record<string, readonly (readonly [number, number])[]>>
  readonly times: readonly (readonly number[] | { readonly error: string })[]
}

interface Question {
  readonly zones: readonly string[]
  readonly first: number
  readonly end: number
  readonly cases: readonly Case[]
}

const ask = (python: string, question: Question, ...args: readonly string[]): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'parity.py')
    const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let error = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as Answer)
      else reject(new Error(`Python ended with ${code}: ${error.slice(-2000)}`))
    })
    child.stdin.end(JSON.stringify(question))
  })

/** A Python that has the libraries; makes one under the cache folder when there is none. */
const findLibraries = async (): Promise<string | { readonly missing: string }> => {
  const folder = join(venvs, 'schedules')
  const python = join(folder, 'bin', 'python')
  const works = async () => {
    try {
      await run(python, ['-c', 'import croniter, dateutil.rrule, pendulum'])
      return true
    } catch {
      return false
    }
  }
  if (existsSync(python) && (await works())) return python
  for (const name of ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3']) {
    try {
      await rm(folder, { recursive: true, force: true })
      await mkdir(venvs, { recursive: true })
      await run(name, ['-m', 'venv', folder])
      await run(python, ['-m', 'pip', 'install', '--quiet', ...libraries], { timeout: 180_000 })
      if (await works()) return python
    } catch {
      // The next one may have what this one lacks.
    }
  }
  return { missing: `no Python could be had with ${libraries.join(', ')}` }
}

/** Numbers that are the same on every run: mulberry32. */
const dice = (seed: number) => {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(list: readonly T[]): T => {
    const one = list[int(0, list.length - 1)]
    if (one === undefined) throw new RangeError('Nothing to pick from')
    return one
  }
  const some = (min: number, max: number, most: number): string =>
    [...new Set(Array.from({ length: int(1, most) }, () => int(min, max)))].join(',')
  const maybe = (chance: number): boolean => next() < chance
  return { int, pick, some, maybe }
}
type Dice = ReturnType<typeof dice>

const zones = [
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'Europe/Dublin',
  'America/New_York',
  'America/Los_Angeles',
  'America/St_Johns',
  'America/Havana',
  'America/Santiago',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Asia/Jerusalem',
  'Asia/Beirut',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Apia',
  'US/Eastern',
  'Etc/GMT+5',
] as const
const first = 2022
const end = 2031
/** Where dateutil takes a skipped time for the later one. */
const winterIsException: readonly string[] = ['Europe/Dublin', 'Africa/Casablanca']

const cronField = (d: Dice, min: number, max: number): string => {
  const low = d.int(min, max)
  const high = d.int(min, max)
  const span = `${low}-${high}`
  switch (d.int(0, 7)) {
    case 0:
      return `*/${d.int(1, Math.max(2, max - min))}`
    case 1:
      return span
    case 2:
      return `${span}/${d.int(1, 7)}`
    case 3:
      return `${low}/${d.int(1, 20)}`
    case 4:
    case 5:
      return d.some(min, max, 3)
    default:
      return '*'
  }
}

const randomCron = (d: Dice): string => {
  const weekday = (): string => {
    const names = ['sun', 'mon', 'tue', 'WED', 'Thu', 'fri', 'sat']
    switch (d.int(0, 9)) {
      case 0:
        return `${d.int(0, 6)}#${d.int(1, 5)}`
      case 1:
        return `l${d.int(0, 6)}`
      case 2:
        return `${d.pick(names)}-${d.pick(names)}`
      case 3:
        return cronField(d, 0, 7)
      case 4:
        return '1-5'
      default:
        return '*'
    }
  }
  const day = d.maybe(0.5)
    ? '*'
    : d.pick(['l', '1', '15', '1,15', '31', '1,31', '29,30', '?', cronField(d, 1, 31)])
  const month = d.maybe(0.7) ? '*' : d.pick(['jan', 'mar-jul', 'nov-feb', cronField(d, 1, 12)])
  const minute = d.pick(['0', '30', cronField(d, 0, 59)])
  const hour = d.pick(['0', '2', '1-3', '*', cronField(d, 0, 23)])
  const five = `${minute} ${hour} ${day} ${month} ${weekday()}`
  if (d.maybe(0.05)) return d.pick(['@hourly', '@daily', '@weekly', '@monthly', '@yearly'])
  return d.maybe(0.1) ? `${minute} ${hour} ${d.int(1, 28)} ${month} * ${cronField(d, 0, 59)}` : five
}

const digits = (second: number): string =>
  new Date(second * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')

const randomRRule = (d: Dice, start: number): string => {
  const frequency = d.pick([
    'YEARLY',
    'MONTHLY',
    'WEEKLY',
    'DAILY',
    'DAILY',
    'HOURLY',
    'MINUTELY',
    'SECONDLY',
  ])
  const isFine = ['HOURLY', 'MINUTELY', 'SECONDLY'].includes(frequency)
  const parts = [`FREQ=${frequency}`]
  const add = (chance: number, name: string, value: () => string) => {
    if (d.maybe(chance)) parts.push(`${name}=${value()}`)
  }
  const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
  const signed = (max: number) => () =>
    [...new Set(Array.from({ length: d.int(1, 3) }, () => d.int(1, max) * (d.maybe(0.3) ? -1 : 1)))].join(',')
  const nth = frequency === 'MONTHLY' || frequency === 'YEARLY'
  add(0.5, 'INTERVAL', () => String(d.int(1, isFine ? 90 : 4)))
  add(0.2, 'WKST', () => d.pick(weekdays))
  add(isFine ? 0.1 : 0.25, 'BYMONTH', () => d.some(1, 12, 4))
  if (!isFine || d.maybe(0.2)) {
    add(0.2, 'BYMONTHDAY', signed(31))
    add(0.05, 'BYYEARDAY', signed(366))
    if (frequency === 'YEARLY') add(0.3, 'BYWEEKNO', signed(53))
    add(0.05, 'BYEASTER', () => String(d.int(-50, 60)))
    const sign = nth && d.maybe(0.5) ? d.pick(['1', '2', '-1', '+3']) : ''
    add(0.35, 'BYDAY', () => `${sign}${d.pick(weekdays)}${d.maybe(0.5) ? `,${sign}${d.pick(weekdays)}` : ''}`)
  }
  add(0.35, 'BYHOUR', () => d.some(0, 23, 4))
  add(0.35, 'BYMINUTE', () => d.some(0, 59, 3))
  add(0.2, 'BYSECOND', () => d.some(0, 59, 2))
  if (parts.some((part) => part.startsWith('BY'))) add(0.15, 'BYSETPOS', signed(4))
  const finer = Math.floor(start / 1e6) - d.int(0, frequency === 'SECONDLY' ? 20_000 : 200_000)
  const begin = isFine ? finer : d.pick([1_577_836_800, finer, finer - d.int(0, 80_000_000)])
  if (d.maybe(0.15)) parts.push(`COUNT=${d.int(1, 400)}`)
  else add(0.15, 'UNTIL', () => digits(Math.floor(start / 1e6) + d.int(0, 40_000_000)))
  const lines =
    isFine || d.maybe(0.7)
      ? [`DTSTART:${digits(begin)}`, `RRULE:${parts.join(';')}`]
      : [`RRULE:${parts.join(';')}`]
  if (d.maybe(0.08)) {
    lines.push(
      `RDATE:${digits(Math.floor(start / 1e6) + d.int(0, 9_000_000))}`,
      `EXDATE:${digits(begin + 86_400 * d.int(0, 60))}`,
    )
  }
  if (d.maybe(0.05)) lines.push(`EXRULE:FREQ=${frequency};INTERVAL=${d.int(2, 3)};BYDAY=${d.pick(weekdays)}`)
  return lines.length === 1 && d.maybe(0.5) ? parts.join(';') : lines.join('\n')
}

/** Half of the questions start within three days of a change of the clock. */
const randomStart = (d: Dice, table: readonly (readonly [number, number])[]): number => {
  const changes = table.slice(1).map(([second]) => second)
  const second =
    changes.length > 0 && d.maybe(0.5)
      ? d.pick(changes) + d.int(-3 * 86_400, 3 * 3600)
      : Math.floor(Date.UTC(first, 0, 1) / 1000) + d.int(0, (end - first - 2) * 365 * 86_400)
  return second * 1e6 + (d.maybe(0.3) ? d.int(1, 999_999) : 0)
}

const randomInterval = (d: Dice, start: number): Pick<Case, 'interval' | 'anchor'> => ({
  interval: d.pick([
    d.int(1, 300),
    d.int(1, 48) * 900,
    3600 * d.int(1, 30),
    86_400 * d.int(1, 40),
    90_000,
    d.int(1, 9_000_000),
    0.5,
  ]),
  anchor: start + d.int(-400, 200) * 86_400 * 1e6 + d.int(0, 86_400) * 1e6,
})

const parsed = (each: Case): Schedule | string => {
  const { timezone, cron, rrule, interval, anchor, day_or } = each
  if (interval !== undefined && anchor !== undefined) {
    return { type: 'interval', intervalSeconds: interval, anchorMicros: anchor, timezone }
  }
  const answer = parseSchedule({ timezone, cron, rrule, day_or }, { nowMicros: 0 })
  return answer.ok ? answer.schedule : answer.reason
}

/** From 2038 on dateutil knows no daylight saving. */
const horizonMicros = Date.UTC(2037, 0, 1) * 1000

const ours = (each: Case, schedule: Schedule): readonly number[] => {
  const times: number[] = []
  for (const time of fireTimes(schedule, each.start, { inclusive: true, untilMicros: horizonMicros - 1 })) {
    times.push(time)
    if (times.length === each.count) break
  }
  return times
}

/** `59/5`, `6/4`: from the last value of a field on. */
const stepsFromTheEnd = (cron: string): boolean => /(?:^|[ ,])(?:59|23|31|12|dec|6|sat)\/\d/i.test(cron)

interface Difference {
  readonly each: Case
  readonly schedule: Schedule
  /** Times that one side has and the other has not. */
  readonly unlike: number
  /** How many they have; none when they failed. */
  readonly theirs: number
}

const differenceOf = (
  each: Case,
  schedule: Schedule,
  mine: readonly number[],
  theirs: unknown,
): Difference => {
  const others: readonly number[] = Array.isArray(theirs) ? theirs : []
  const only = (these: readonly number[], those: readonly number[]) =>
    these.filter((time) => !those.includes(time)).length
  return { each, schedule, unlike: only(mine, others) + only(others, mine), theirs: others.length }
}

/** `1 * 1#2`: croniter looks for a 1st that is a second Monday before it looks for second Mondays, and fails. */
const neverMeets = ({ schedule, theirs }: Difference): boolean =>
  schedule.type === 'cron' &&
  schedule.dayOr &&
  schedule.parsed.monthDays !== undefined &&
  schedule.parsed.nthWeekdays.length > 0 &&
  theirs === 0

/** The few skipped times that dateutil takes otherwise, and what that pushes over the end of the list. */
const isWinterException = ({ each, unlike }: Difference): boolean =>
  each.rrule !== undefined && winterIsException.includes(each.timezone) && unlike <= 8

const text = (times: unknown): unknown =>
  Array.isArray(times) ? times.slice(0, 8).map((time: number) => new Date(time / 1000).toISOString()) : times

const python = await findLibraries()
if (typeof python !== 'string')
  process.stdout.write(`Skipped the comparison with Python: ${python.missing}\n`)

const makeCases = (
  tables: Answer['zones'],
  known: readonly string[],
  seed: number,
  count: number,
): readonly Case[] => {
  const d = dice(seed)
  return Array.from({ length: count }, (_, i) => {
    const timezone = d.pick(known)
    const start = randomStart(d, tables[timezone] ?? [])
    const base = { timezone, start, count: 20 }
    if (i % 5 < 2) return { ...base, cron: randomCron(d), day_or: d.maybe(0.8) }
    if (i % 5 < 4) return { ...base, rrule: randomRRule(d, start) }
    return { ...base, ...randomInterval(d, start) }
  })
}

describe.skipIf(typeof python !== 'string')('fire times equal those of', () => {
  let tables: Answer['zones'] = {}
  let known: readonly string[] = []

  beforeAll(async () => {
    const answer = await ask(String(python), { zones, first, end, cases: [] })
    tables = answer.zones
    // Two releases of the tz database need not agree on the future of a country.
    known = zones.filter((zone) =>
      (tables[zone] ?? []).every(
        ([second, offset], i) =>
          offsetSecondsAt(zone, second * 1e6) === offset &&
          (i === 0 || offsetSecondsAt(zone, (second - 1) * 1e6) === tables[zone]?.[i - 1]?.[1]),
      ),
    )
    const unlike = zones.filter((zone) => !known.includes(zone))
    if (unlike.length > 0)
      process.stdout.write(`Left out, their tables differ by release: ${unlike.join(', ')}\n`)
    expect(known.length).toBeGreaterThan(zones.length - 6)
  })

  const compare = async (
    interpreter: string,
    args: readonly string[],
    cases: readonly Case[],
    isKnownDifference: (difference: Difference) => boolean,
  ) => {
    const answer = await ask(interpreter, { zones: [], first, end, cases }, ...args)
    const counts = { same: 0, refused: 0, unanswered: 0, known: 0 }
    const different: unknown[] = []
    for (const [i, each] of cases.entries()) {
      const theirs = answer.times[i]
      const schedule = parsed(each)
      // What we refuse they must not be able to answer either.
      if (typeof schedule === 'string') {
        if (Array.isArray(theirs) && theirs.length > 0 && !each.rrule?.includes('RDATE'))
          different.push({ ...each, refused: schedule, theirs: text(theirs) })
        else counts.refused += 1
        continue
      }
      const mine = ours(each, schedule)
      const isSame = JSON.stringify(mine) === JSON.stringify(theirs)
      if (isSame) counts.same += 1
      else if (JSON.stringify(theirs).includes('TimeoutError')) counts.unanswered += 1
      else if (isKnownDifference(differenceOf(each, schedule, mine, theirs))) counts.known += 1
      else different.push({ ...each, ours: text(mine), theirs: text(theirs) })
    }
    process.stdout.write(
      `${Object.entries(answer.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(
          ', ',
        )}: ${counts.same} schedules the same, ${counts.refused} refused by both, ${counts.unanswered} they took too long for, ${counts.known} different for a known reason, ${different.length} different\n`,
    )
    expect(different.slice(0, 10)).toEqual([])
    return counts
  }

  test('croniter, dateutil and pendulum', async () => {
    const counts = await compare(
      String(python),
      [],
      makeCases(tables, known, 20260131, 1150),
      (difference) => isWinterException(difference) || neverMeets(difference),
    )
    expect(counts.same).toBeGreaterThanOrEqual(1000)
    expect(counts.known).toBeLessThan(20)
  })

  const client = join(venvs, 'client3', 'bin', 'python')

  test.skipIf(!existsSync(client))('the reference server', async () => {
    const cases = makeCases(tables, known, 1605, 400)
    const counts = await compare(client, ['reference'], cases, (difference) => {
      const { each, schedule } = difference
      if (schedule.type === 'rrule') return isWinterException(difference)
      if (schedule.type === 'interval') return schedule.intervalSeconds >= 86_400
      const { monthDays, lastDayOfMonth } = schedule.parsed
      const lateDays = lastDayOfMonth || [...(monthDays ?? [])].some((day) => day > 28)
      return lateDays || neverMeets(difference) || stepsFromTheEnd(each.cron ?? '')
    })
    expect(counts.known).toBeLessThan(40)
    expect(counts.same).toBeGreaterThanOrEqual(250)
  })
})
