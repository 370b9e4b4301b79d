import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInstant, parseInstant } from '../time.ts'
import { missedTimes, planCatchUp } from './catch-up.ts'
import { describeSchedule } from './describe.ts'
import { fireTimes, previewFireTimes } from './fire-times.ts'
import {
  defaultSchedulingLimits,
  runsToSchedule,
  scheduledRunKeyEnd,
  scheduledRunKeyStart,
} from './runs-to-schedule.ts'
import { parseSchedule, type Schedule } from './schedule.ts'
import { isKnownZone, offsetSecondsAt, secondOnWall, wallOf } from './zone.ts'

const at = (text: string): number => {
  const micros = parseInstant(text)
  if (micros === undefined) throw new RangeError(text)
  return micros
}
const nowMicros = at('2026-06-01T12:00:00Z')

const schedule = (value: object): Schedule => {
  const answer = parseSchedule(value, { nowMicros })
  if (!answer.ok) throw new Error(`${answer.field}: ${answer.reason}`)
  return answer.schedule
}
const reason = (value: unknown): string => {
  const answer = parseSchedule(value, { nowMicros })
  return answer.ok ? 'accepted' : `${answer.field}: ${answer.reason}`
}
const take = (value: object, after: string, count = 4): readonly string[] =>
  previewFireTimes(schedule(value), at(after), count).times.map(({ text }) =>
    text.replace(':00+', '+').replace(':00-', '-'),
  )
const berlin = { timezone: 'Europe/Berlin' }

describe('zones', () => {
  test.each([
    'UTC',
    'Europe/Berlin',
    'Asia/Kolkata',
    'America/Argentina/Ushuaia',
    'Etc/GMT+5',
    'EST5EDT',
    'US/Eastern',
    'W-SU',
  ])('%s is known', (zone) => {
    expect(isKnownZone(zone)).toBe(true)
  })
  // The runtime would take some of these; clients would then refuse to read what they are given.
  test.each([
    'Mars/Olympus',
    'europe/berlin',
    'Europe/BERLIN',
    '+01:00',
    'IST',
    'utc',
    '',
    'Europe/Berlin/../x',
  ])('%j is not', (zone) => {
    expect(isKnownZone(zone)).toBe(false)
  })

  test('change their offset to the second', () => {
    const change = at('2026-03-29T01:00:00Z')
    expect([offsetSecondsAt('Europe/Berlin', change - 1), offsetSecondsAt('Europe/Berlin', change)]).toEqual([
      3600, 7200,
    ])
    expect(offsetSecondsAt('Australia/Lord_Howe', at('2026-01-01T00:00:00Z'))).toBe(39_600)
    expect(offsetSecondsAt('Asia/Kathmandu', at('2026-01-01T00:00:00Z'))).toBe(20_700)
  })

  test('show each instant on the wall, and find it again', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Pacific/Apia',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 1_200_000_000, max: 2_000_000_000 }),
        (zone, second) => {
          const wall = wallOf(zone, second * 1e6)
          const found = [secondOnWall(zone, wall, 'earlier'), secondOnWall(zone, wall, 'later')]
          expect(found).toContain(second)
        },
      ),
    )
  })
})

describe('when clocks change', () => {
  test('a skipped time of a cron text fires earlier by what was skipped, once', () => {
    expect(take({ cron: '30 2 * * *', ...berlin }, '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28 02:30+01:00',
      '2026-03-29 01:30+01:00',
      '2026-03-30 02:30+02:00',
    ])
    expect(take({ cron: '45 1,2 * * *', ...berlin }, '2026-03-28T20:00:00Z', 2)).toEqual([
      '2026-03-29 01:45+01:00',
      '2026-03-30 01:45+02:00',
    ])
  })

  test('times that go back over others come in order', () => {
    expect(take({ cron: '10,50 1,2,3 * * *', ...berlin }, '2026-03-28T23:00:00Z', 4)).toEqual([
      '2026-03-29 01:10+01:00',
      '2026-03-29 01:50+01:00',
      '2026-03-29 03:10+02:00',
      '2026-03-29 03:50+02:00',
    ])
  })

  test('a time that is shown twice fires the first time', () => {
    expect(take({ cron: '30 * * * *', ...berlin }, '2026-10-24T23:00:00Z', 4)).toEqual([
      '2026-10-25 01:30+02:00',
      '2026-10-25 02:30+02:00',
      '2026-10-25 03:30+01:00',
      '2026-10-25 04:30+01:00',
    ])
  })

  test('asked within the repeated hour, nothing fires that was before', () => {
    expect(take({ cron: '*/20 * * * *', ...berlin }, '2026-10-25T01:10:00Z', 2)).toEqual([
      '2026-10-25 03:00+01:00',
      '2026-10-25 03:20+01:00',
    ])
  })

  test('an interval of days keeps its time on the wall, a shorter one does not', () => {
    const anchor_date = '2026-01-01T08:00:00Z'
    expect(take({ interval: 86_400, anchor_date, ...berlin }, '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28 09:00+01:00',
      '2026-03-29 09:00+02:00',
      '2026-03-30 09:00+02:00',
    ])
    expect(take({ interval: 43_200, anchor_date, ...berlin }, '2026-03-28T12:00:00Z', 3)).toEqual([
      '2026-03-28 21:00+01:00',
      '2026-03-29 10:00+02:00',
      '2026-03-29 22:00+02:00',
    ])
  })

  test('an interval of days takes a skipped time later, and the second of two, and does not stay there', () => {
    expect(
      take(
        { interval: 86_400, anchor_date: '2026-03-20T02:30:00+01:00', ...berlin },
        '2026-03-28T12:00:00Z',
        2,
      ),
    ).toEqual(['2026-03-29 03:30+02:00', '2026-03-30 02:30+02:00'])
    expect(
      take(
        { interval: 86_400, anchor_date: '2026-10-20T02:30:00+02:00', ...berlin },
        '2026-10-24T12:00:00Z',
        2,
      ),
    ).toEqual(['2026-10-25 02:30+01:00', '2026-10-26 02:30+01:00'])
  })

  test('a day that an island left out is run once', () => {
    expect(
      take(
        { interval: 86_400, anchor_date: '2011-12-28T19:00:00Z', timezone: 'Pacific/Apia' },
        '2011-12-28T20:00:00Z',
        3,
      ),
    ).toEqual(['2011-12-29 09:00-10:00', '2011-12-31 09:00+14:00', '2012-01-01 09:00+14:00'])
  })
})

describe('cron texts', () => {
  test.each([
    ['0 0 * * fri-mon', ['06-05', '06-06', '06-07', '06-08']],
    ['0 0 l * *', ['06-30', '07-31', '08-31', '09-30']],
    ['0 0 * * l5', ['06-26', '07-31', '08-28', '09-25']],
    ['0 0 * * tue#2', ['06-09', '07-14', '08-11', '09-08']],
    ['0 0 1,31 * *', ['07-01', '07-31', '08-01', '08-31']],
    ['0 0 13 * 5', ['06-05', '06-12', '06-13', '06-19']],
    ['@weekly', ['06-07', '06-14', '06-21', '06-28']],
    ['0 0 ? nov-feb 7', ['11-01', '11-08', '11-15', '11-22']],
  ])('%s', (cron, days) => {
    const times = take({ cron }, '2026-06-01T12:00:00Z', days.length)
    expect(times.map((time) => time.slice(5, 10))).toEqual(days)
  })

  test('with both days wanted, both must be', () => {
    expect(take({ cron: '0 9 13 * fri', day_or: false }, '2026-06-01T12:00:00Z', 2)).toEqual([
      '2026-11-13 09:00+00:00',
      '2027-08-13 09:00+00:00',
    ])
  })

  test('with seconds and years', () => {
    expect(take({ cron: '0 0 1 1 * 30 2030-2031' }, '2026-06-01T12:00:00Z', 9)).toEqual([
      '2030-01-01 00:00:30+00:00',
      '2031-01-01 00:00:30+00:00',
    ])
  })

  test.each([
    ['', 'has 0 fields'],
    ['* * *', 'has 3 fields'],
    ['60 * * * *', 'out of range'],
    ['* 24 * * *', 'out of range'],
    ['0 0 0 * *', 'out of range'],
    ['*/0 * * * *', 'step of 0'],
    ['* * * * 5#6', 'use #1 to #5'],
    ['* * * * mon,2#1', 'mixes'],
    ['* * * foo *', 'cannot be read'],
    ['1,,2 * * * *', 'cannot be read'],
    ['1-2-3 * * * *', 'cannot be read'],
    ['-5 * * * *', 'cannot be read'],
    ['@reboot', 'has 1 fields'],
    ['R * * * *', 'hashed or random'],
    ['H(0-5) * * * *', 'hashed or random'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 31 4,6,9,11 *', 'never fires'],
  ])('%j is refused', (cron, why) => {
    expect(reason({ cron })).toContain(why)
    expect(reason({ cron })).toMatch(/^cron: /)
  })
})

describe('recurrence rules', () => {
  test.each([
    ['FREQ=MONTHLY;BYDAY=-1FR', ['2026-06-26', '2026-07-31', '2026-08-28']],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', ['2026-06-30', '2026-07-31', '2026-08-31']],
    ['DTSTART:20240229T000000\nRRULE:FREQ=YEARLY', ['2028-02-29', '2032-02-29', '2036-02-29']],
    ['FREQ=YEARLY;BYEASTER=0', ['2027-03-28', '2028-04-16', '2029-04-01']],
    [
      'FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO\nEXDATE:20260608T000000',
      ['2026-06-22', '2026-07-06', '2026-07-20'],
    ],
    ['RDATE:20270101T000000,20260704T000000', ['2026-07-04', '2027-01-01']],
    ['DTSTART:20260601T000000 RRULE:FREQ=DAILY;COUNT=3', ['2026-06-02', '2026-06-03']],
    ['FREQ=DAILY;UNTIL=20260603', ['2026-06-02', '2026-06-03']],
  ])('%s', (rrule, days) => {
    const times = take({ rrule }, '2026-06-01T12:00:00Z', 3)
    expect(times.map((time) => time.slice(0, 10))).toEqual(days)
  })

  test('read digits on the wall of the schedule’s zone, whatever zone they carry', () => {
    const rrule = 'DTSTART:20260601T090000Z\nRRULE:FREQ=DAILY;UNTIL=20260602T090000Z'
    expect(take({ rrule, ...berlin }, '2026-06-01T00:00:00Z')).toEqual([
      '2026-06-01 09:00+02:00',
      '2026-06-02 09:00+02:00',
    ])
  })

  test.each([
    ['', 'names no time'],
    ['FREQ=', 'FREQ'],
    ['FREQ=FORTNIGHTLY', 'FREQ'],
    ['INTERVAL=2', 'no FREQ'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL'],
    ['FREQ=DAILY;INTERVAL=-1', 'INTERVAL'],
    ['FREQ=DAILY;COUNT=0', 'COUNT'],
    ['FREQ=DAILY;BYHOUR=25', 'BYHOUR'],
    ['FREQ=DAILY;BYMONTHDAY=0', 'names nothing'],
    ['FREQ=DAILY;BYDAY=0MO', 'BYDAY'],
    ['FREQ=DAILY;BYDAY=XX', 'BYDAY'],
    ['FREQ=DAILY;FOO=1', 'unknown part'],
    ['FREQ=DAILY;UNTIL=tomorrow', 'no time'],
    ['DTSTART:20260230T000000\nRRULE:FREQ=DAILY', 'no time'],
    ['DTSTART:20260201T000000\nRRULE:FREQ=DAILY;UNTIL=20270101T000000Z', 'both with Z'],
    ['BEGIN:VEVENT\nRRULE:FREQ=DAILY', 'unknown line'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'never fires'],
    ['FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY', 'never fires'],
    ['FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30', 'never fires'],
    ['FREQ=MINUTELY;BYSECOND=1,2;COUNT=100000000', 'too much work'],
  ])('%j is refused', (rrule, why) => {
    expect(reason({ rrule })).toContain(why)
    expect(reason({ rrule })).toMatch(/^rrule: /)
  })

  test('cost little, however long ago they began', () => {
    const rules = [
      'DTSTART:19700101T000000\nRRULE:FREQ=SECONDLY',
      'DTSTART:19700101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=7;BYHOUR=3',
      'DTSTART:19700101T000000\nRRULE:FREQ=MINUTELY;COUNT=900000000',
      'DTSTART:19700101T000000\nRRULE:FREQ=DAILY;BYSECOND=1,2,3;BYSETPOS=-1',
    ]
    for (const rrule of rules) {
      const { times } = previewFireTimes(schedule({ rrule }), nowMicros, 3, { maxSteps: 3000 })
      expect(times).toHaveLength(3)
    }
  })

  test('that stop firing without an end give up with a reason', () => {
    const rrule = 'DTSTART:20200101T000000\nRRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY;BYYEARDAY=2,3,4,5,6'
    const { times, ending } = previewFireTimes(schedule({ rrule }), at('2026-01-01T23:59:58Z'), 3)
    expect(times).toHaveLength(1)
    expect(ending).toMatchObject({ kind: 'gave up', reason: expect.stringContaining('200,000') })
  })
})

describe('what is sent', () => {
  test.each([
    [null, 'schedule: '],
    [[], 'schedule: '],
    [{}, 'schedule: '],
    [{ cron: '* * * * *', interval: 60 }, 'schedule: '],
    [{ cron: 5 }, 'cron: '],
    [{ cron: '* * * * *', day_or: 'yes' }, 'day_or: '],
    [{ cron: '* * * * *', timezone: 'Mars/Olympus' }, 'timezone: No time zone is called “Mars/Olympus”'],
    [{ cron: '* * * * *', timezone: 7 }, 'timezone: '],
    [{ rrule: {} }, 'rrule: '],
    [{ interval: 0 }, 'interval: '],
    [{ interval: -60 }, 'interval: '],
    [{ interval: 1e-9 }, 'interval: '],
    [{ interval: 1e300 }, 'interval: '],
    [{ interval: Number.NaN }, 'interval: '],
    [{ interval: 'soon' }, 'interval: '],
    [{ interval: 60, anchor_date: 'soon' }, 'anchor_date: '],
    [{ interval: 60, anchor_date: 5 }, 'anchor_date: '],
  ])('%j is refused by name', (value, start) => {
    expect(reason(value).startsWith(start)).toBe(true)
  })

  test('a text of endless length is refused unread', () => {
    expect(reason({ cron: '0 0 * * * '.repeat(1000) })).toContain('10000 characters')
    expect(reason({ rrule: `FREQ=DAILY;BYHOUR=${'1,'.repeat(4000)}1` })).toContain('characters')
    expect(reason({ cron: '* * * * *', timezone: 'A'.repeat(100_000) }).length).toBeLessThan(250)
  })

  test.each(['__proto__', 'constructor', 'constructor;X:1', 'toString=1', 'FREQ=DAILY;valueOf=1'])(
    'what every object inherits is no word of a schedule: %s',
    (text) => {
      for (const value of [{ cron: text }, { rrule: text }, { cron: '* * * * *', timezone: text }])
        expect(parseSchedule(value, { nowMicros }).ok).toBe(false)
    },
  )

  test('no text at all is an error of ours, or takes long', () => {
    const word = fc.constantFrom(
      'FREQ=',
      'DAILY',
      'SECONDLY',
      ';',
      'BYDAY=',
      'MO',
      ',',
      '-1',
      'COUNT=',
      '9',
      '\n',
      'EXRULE:',
      'RRULE:',
      'RDATE:',
      '20260101',
      'BYSETPOS=',
      '*',
      '/',
      '#',
      'l',
      ' ',
      '1-5',
      'INTERVAL=',
      'BYMONTH=',
      '2',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          for (const value of [{ cron: text }, { rrule: text }, { cron: '* * * * *', timezone: text }]) {
            const answer = parseSchedule(value, { nowMicros, maxSteps: 20_000 })
            if (answer.ok) previewFireTimes(answer.schedule, nowMicros, 3, { maxSteps: 20_000 })
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('an interval may come as a length of time, and counts from now unless told', () => {
    expect(schedule({ interval: 'PT1H', timezone: null })).toEqual({
      type: 'interval',
      intervalSeconds: 3600,
      anchorMicros: nowMicros,
      timezone: null,
    })
  })
})

const someSchedule = fc.constantFrom(
  ...[
    { cron: '*/7 * * * *' },
    { cron: '30 1-3 * * *' },
    { cron: '0 2 1,15,31 * 1' },
    { rrule: 'FREQ=HOURLY;INTERVAL=5;BYMINUTE=10,40' },
    { rrule: 'FREQ=WEEKLY;BYDAY=SU,MO;BYHOUR=1,2,3;BYMINUTE=30' },
    { rrule: 'DTSTART:20230101T023000\nRRULE:FREQ=DAILY;COUNT=2000;BYDAY=SA,SU,MO' },
    { interval: 5400, anchor_date: '2025-03-01T00:10:00Z' },
    { interval: 86_400, anchor_date: '2025-03-01T02:30:00Z' },
    { interval: 90_061, anchor_date: '2027-03-01T02:30:00Z' },
  ].flatMap((value) =>
    ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'UTC'].map((timezone) => ({
      ...value,
      timezone,
    })),
  ),
)
/** Whole days around changes of the clock, and any other time. */
const someInstant = fc
  .oneof(
    fc.integer({ min: at('2024-01-01T00:00:00Z') / 1e6, max: at('2028-01-01T00:00:00Z') / 1e6 }),
    fc
      .tuple(
        fc.constantFrom('2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04'),
        fc.integer({ min: -86_400, max: 86_400 }),
      )
      .map(([day, seconds]) => at(day) / 1e6 + seconds),
  )
  .map((second) => second * 1e6)

describe('any schedule', () => {
  test('fires in order, and tells the same wherever one starts to ask', () => {
    fc.assert(
      fc.property(someSchedule, someInstant, (value, start) => {
        const it = schedule(value)
        const times = previewFireTimes(it, start, 12).times.map(({ atMicros }) => atMicros)
        let previous = start
        for (const [i, time] of times.entries()) {
          expect(time).toBeGreaterThan(previous)
          expect(fireTimes(it, previous).next().value).toBe(time)
          expect(fireTimes(it, time, { inclusive: true }).next().value).toBe(time)
          if (i > 0) expect(fireTimes(it, Math.floor((previous + time) / 2)).next().value).toBe(time)
          previous = time
        }
      }),
      { numRuns: 150 },
    )
  })

  test('has the same time on the wall every day, but where clocks skip it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Tokyo'),
        someInstant,
        (timezone, start) => {
          for (const { text } of previewFireTimes(schedule({ cron: '15 9 * * *', timezone }), start, 5)
            .times) {
            expect(text.slice(11, 19)).toBe('09:15:00')
          }
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('runs to schedule', () => {
  const times = (value: object, limits = defaultSchedulingLimits): readonly string[] =>
    runsToSchedule(schedule(value), nowMicros, limits).times.map((time) => formatInstant(time).slice(0, 19))

  test('are at least three, and reach an hour', () => {
    expect(times({ cron: '0 0 * * *' })).toEqual([
      '2026-06-02T00:00:00',
      '2026-06-03T00:00:00',
      '2026-06-04T00:00:00',
    ])
    expect(times({ cron: '*/10 * * * *' })).toHaveLength(7)
  })

  test('count a time that is now', () => {
    expect(times({ cron: '0 12 * * *' })[0]).toBe('2026-06-01T12:00:00')
  })

  test('are at most a hundred, and never beyond a hundred days', () => {
    expect(times({ interval: 1 })).toHaveLength(100)
    expect(times({ cron: '0 0 1 * *' })).toEqual([
      '2026-07-01T00:00:00',
      '2026-08-01T00:00:00',
      '2026-09-01T00:00:00',
    ])
    expect(times({ cron: '0 0 1 1 *' })).toEqual([])
  })

  test('say why there are fewer', () => {
    expect(runsToSchedule(schedule({ rrule: 'FREQ=DAILY;UNTIL=20260603' }), nowMicros)).toMatchObject({
      ending: { kind: 'finished' },
    })
    expect(runsToSchedule(schedule({ cron: '0 0 1 1 *' }), nowMicros)).toMatchObject({
      ending: { kind: 'reached' },
    })
    expect(runsToSchedule(schedule({ cron: '* * * * *' }), nowMicros).ending).toBeUndefined()
  })

  test('have a key that is the same each time', () => {
    const key = (value: object, time: string): string =>
      scheduledRunKeyStart('d', 's') + scheduledRunKeyEnd(schedule(value), at(time))
    expect(key({ cron: '* * * * *', ...berlin }, '2026-06-01T12:00:00Z')).toBe(
      'scheduled d s 2026-06-01 14:00:00+02:00',
    )
    expect(key({ cron: '* * * * *' }, '2026-06-01T12:00:00Z')).toBe('scheduled d s 2026-06-01 12:00:00+00:00')
    expect(key({ interval: 0.25, timezone: 'America/St_Johns' }, '2026-06-01T12:00:00.25Z')).toBe(
      'scheduled d s 2026-06-01 09:30:00.250000-02:30',
    )
  })
})

describe('times missed', () => {
  const missed = [1, 2, 3, 4, 5]
  test.each([
    [{ kind: 'late' }, [], missed],
    [{ kind: 'all' }, missed, []],
    [{ kind: 'latest' }, [5], [1, 2, 3, 4]],
    [{ kind: 'none' }, [], missed],
    [{ kind: 'last', count: 2 }, [4, 5], [1, 2, 3]],
    [{ kind: 'last', count: 9 }, missed, []],
    [{ kind: 'last', count: 0 }, [], missed],
  ] as const)('%j', (policy, run, skip) => {
    expect(planCatchUp(policy, missed)).toEqual({ run, skip, drop: [] })
    expect(planCatchUp(policy, [])).toEqual({ run: [], skip: [], drop: [] })
  })

  test.each([
    [{ kind: 'late' }, [4, 5], [1, 2, 3], { run: [], skip: [4, 5], drop: [] }],
    [{ kind: 'none' }, [4, 5], [1, 2, 3], { run: [], skip: [4, 5], drop: [1, 2, 3] }],
    [{ kind: 'latest' }, [4, 5], [1, 2, 3], { run: [5], skip: [4], drop: [1, 2, 3] }],
    [{ kind: 'latest' }, [], [1, 2, 3], { run: [], skip: [], drop: [1, 2] }],
    [{ kind: 'last', count: 3 }, [4, 5], [1, 2, 3], { run: [4, 5], skip: [], drop: [1, 2] }],
    [{ kind: 'last', count: 9 }, [4, 5], [1, 2, 3], { run: [4, 5], skip: [], drop: [] }],
    [{ kind: 'all' }, [4, 5], [1, 2, 3], { run: [4, 5], skip: [], drop: [] }],
    [{ kind: 'latest' }, [1, 4], [2, 5], { run: [], skip: [1, 4], drop: [2] }],
    [{ kind: 'last', count: 2 }, [1, 4], [2, 5], { run: [4], skip: [1], drop: [2] }],
    [{ kind: 'none' }, [1, 4], [2, 5], { run: [], skip: [1, 4], drop: [2, 5] }],
  ] as const)('%j, of %j and those that have runs: %j', (policy, times, made, plan) => {
    expect(planCatchUp(policy, times, made)).toEqual(plan)
  })

  test('are listed up to now, not from before', () => {
    const { times, ...rest } = missedTimes(
      schedule({ cron: '0 * * * *' }),
      at('2026-06-01T08:00:00Z'),
      nowMicros,
    )
    expect(times.map((time) => formatInstant(time).slice(11, 13))).toEqual(['09', '10', '11', '12'])
    expect(rest).toEqual({ unlisted: 0, isExact: true })
  })

  test('are the latest, the older ones counted', () => {
    const answer = missedTimes(schedule({ cron: '* * * * *' }), at('2026-05-31T12:00:00Z'), nowMicros, {
      maxTimes: 3,
    })
    expect(answer).toMatchObject({ unlisted: 1437, isExact: true })
    expect(answer.times).toEqual([nowMicros - 120e6, nowMicros - 60e6, nowMicros])
  })

  test('of a year by the second are found without walking it', () => {
    const answer = missedTimes(schedule({ interval: 1 }), at('2025-06-01T12:00:00Z'), nowMicros, {
      maxTimes: 2,
      maxLooked: 1000,
    })
    expect(answer.times).toEqual([nowMicros - 1e6, nowMicros])
    expect(answer).toMatchObject({ unlisted: 999, isExact: false })
  })
})

test.each([
  [{ cron: '0 9 * * 1-5', ...berlin }, 'every weekday at 09:00, Europe/Berlin'],
  [{ cron: '0 9,17 * * *' }, 'every day at 09:00 and 17:00, UTC'],
  [{ cron: '* * * * *' }, 'every minute, UTC'],
  [{ cron: '*/15 * * * *' }, 'every 15 minutes, UTC'],
  [{ cron: '0 * * * *' }, 'every hour, UTC'],
  [{ cron: '5 */2 * * *' }, 'every 2 hours at :05, UTC'],
  [{ cron: '5,35 * * * *' }, 'every hour at :05 and :35, UTC'],
  [{ cron: '5,35 */2 * * *' }, 'every 2 hours at :05 and :35, UTC'],
  [{ cron: '5,35 9-17 * * *' }, 'every hour at :05 and :35 from 09:00 to 17:59, UTC'],
  [{ cron: '*/15 9-17 * * mon-fri' }, 'every 15 minutes from 09:00 to 17:59, every weekday, UTC'],
  [{ cron: '0 0 1 * *' }, 'on the 1st of every month at 00:00, UTC'],
  [{ cron: '0 0 l jan,jul *' }, 'on the last day of January and July at 00:00, UTC'],
  [{ cron: '0 8 * * 1#1' }, 'on the 1st Monday of every month at 08:00, UTC'],
  [{ cron: '0 8 * * l5' }, 'on the last Friday of every month at 08:00, UTC'],
  [{ cron: '0 8 13 * 5' }, 'on the 13th of every month and every Friday at 08:00, UTC'],
  [{ cron: '0 8 13 * 5', day_or: false }, 'on the 13th of every month if that is a Friday at 08:00, UTC'],
  [{ cron: '0 8 * 6 sun,sat' }, 'every Saturday and Sunday in June at 08:00, UTC'],
  [
    { cron: '0 0 * * * */10' },
    'every day at 00:00, 00:00:10, 00:00:20, 00:00:30, 00:00:40 and 00:00:50, UTC',
  ],
  [{ cron: '* * * * * */5' }, 'every 5 seconds, UTC'],
  [{ interval: 600 }, 'every 10 minutes'],
  [{ interval: 3600 }, 'every hour'],
  [{ interval: 0.5 }, 'every 0.5 seconds'],
  [{ interval: 86_400, anchor_date: '2026-06-01T07:00:00Z', ...berlin }, 'every day at 09:00, Europe/Berlin'],
  [
    { interval: 604_800, anchor_date: '2026-06-01T07:00:00Z', ...berlin },
    'every Monday at 09:00, Europe/Berlin',
  ],
  [{ interval: 1_209_600, anchor_date: '2026-06-01T07:00:00Z' }, 'every 2 weeks on Monday at 07:00, UTC'],
  [{ rrule: 'FREQ=DAILY' }, 'every day at 00:00, UTC'],
  [
    { rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9', ...berlin },
    'every weekday at 09:00, Europe/Berlin',
  ],
  [{ rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU' }, 'every 2 weeks on Tuesday at 00:00, UTC'],
  [{ rrule: 'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17' }, 'every month on the last Friday at 17:00, UTC'],
  [
    { rrule: 'DTSTART:20260304T081500\nRRULE:FREQ=YEARLY;COUNT=3' },
    'every year on the 4th of March at 08:15, 3 times from 2026-03-04, UTC',
  ],
  [{ rrule: 'FREQ=MINUTELY;INTERVAL=5;UNTIL=20300101' }, 'every 5 minutes, until 2030-01-01, UTC'],
  [{ rrule: 'FREQ=HOURLY;BYMINUTE=15' }, 'every hour at :15, UTC'],
  [{ rrule: 'RDATE:20270101T120000' }, 'on 2027-01-01 12:00, UTC'],
])('%j reads “%s”', (value, words) => {
  expect(describeSchedule(schedule(value))).toBe(words)
})
