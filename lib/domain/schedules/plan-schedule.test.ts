import { describe, expect, test } from 'vitest'
import { type PlanInput, planSchedule } from './plan-schedule.ts'
import { parseSchedule } from './schedule.ts'

const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
/** Half past midnight. */
const NOW = Date.UTC(2026, 2, 1, 0, 30) * 1_000

const plan = (sent: object, input: Partial<PlanInput> = {}) => {
  const parsed = parseSchedule(sent, { nowMicros: NOW })
  if (!parsed.ok) throw new Error(parsed.reason)
  return planSchedule({
    schedule: parsed.schedule,
    sinceMicros: NOW,
    nowMicros: NOW,
    catchUp: { kind: 'none' },
    maxScheduledRuns: null,
    ...input,
  })
}
const hourly = { cron: '0 * * * *' }
const minutely = { cron: '* * * * *' }
const minutes = (micros: number | null) => (micros === null ? null : (micros - NOW) / MINUTE)

describe('a plan', () => {
  test('is three runs and an hour ahead, and is looked at again when that ceases to be so', () => {
    const { run, untilMicros, lookAtMicros } = plan(hourly)
    expect(run.map(minutes)).toEqual([30, 90, 150])
    expect(minutes(untilMicros)).toBe(150)
    // From 01:00 on only two are ahead.
    expect(minutes(lookAtMicros)).toBe(30)
  })

  test('of a schedule by the minute lasts a while', () => {
    const { run, lookAtMicros } = plan(minutely)
    expect(run.length).toBe(66)
    expect(minutes(lookAtMicros)).toBe(6)
  })

  test('goes on where the last one ended', () => {
    const first = plan(hourly)
    const next = plan(hourly, { sinceMicros: first.untilMicros, nowMicros: NOW + HOUR })
    expect(next.run.map(minutes)).toEqual([210])
    expect(next.skip).toEqual([])
    expect(plan(hourly, { sinceMicros: first.untilMicros }).run).toEqual([])
  })

  test('keeps to the number of runs that the schedule asks for', () => {
    expect(plan(hourly, { maxScheduledRuns: 1 }).run).toHaveLength(1)
    expect(plan(minutely, { maxScheduledRuns: 10 }).run).toHaveLength(10)
    expect(plan({ interval: 1 }, { maxScheduledRuns: 10_000 }).run).toHaveLength(100)
  })

  test.each<[object, number | null]>([
    [{ rrule: 'DTSTART:20200101T000000\nFREQ=DAILY;COUNT=2' }, null],
    [{ rrule: 'DTSTART:20260301T010000\nFREQ=DAILY;COUNT=1' }, null],
    // In nine months: looked at once a day.
    [{ cron: '0 0 1 12 *' }, 24 * 60],
    // A hundred a second are made ahead, at most once a second.
    [{ interval: 0.0001 }, 1 / 60],
    [{ interval: 1 }, 51 / 60],
  ])('of %j says when to look again', (schedule, after) => {
    const { lookAtMicros } = plan(schedule)
    if (after === null) expect(lookAtMicros).toBeNull()
    else expect(minutes(lookAtMicros)).toBeCloseTo(after, 1)
  })

  test('catches up by policy, and bounds what it records', () => {
    const late = { sinceMicros: NOW - 5 * HOUR, nowMicros: NOW }
    expect(plan(hourly, late).skip.map(minutes)).toEqual([-270, -210, -150, -90, -30])
    expect(plan(hourly, { ...late, catchUp: { kind: 'last', count: 2 } })).toMatchObject({
      skip: [-270, -210, -150].map((m) => NOW + m * MINUTE),
      run: [-90, -30, 30, 90, 150].map((m) => NOW + m * MINUTE),
    })
    const month = plan(minutely, { sinceMicros: NOW - 30 * 24 * HOUR, nowMicros: NOW })
    expect(month.skip).toHaveLength(100)
    expect(month.unrecorded).toBeGreaterThan(1_000)
    expect(plan({ interval: 0.001 }, { sinceMicros: NOW - MINUTE }).skip).toEqual([])
  })
})
