import { describe, expect, test } from 'vitest'
import {
  formatAgo,
  formatCount,
  formatDay,
  formatDuration,
  formatFiring,
  formatFull,
  formatInstant,
  formatLateness,
  formatMillis,
  formatOffset,
  formatRunning,
  instantsIn,
  knownZone,
} from './times.ts'

const now = Date.parse('2026-11-23T14:40:00Z')
const at = (text: string) => Date.parse(text)

describe('an instant', () => {
  test.each([
    ['2026-11-23T13:32:07Z', '14:32:07'],
    ['2026-11-22T13:02:59Z', '22 Nov 14:02'],
    ['2025-11-22T13:02:00Z', '22 Nov 2025'],
    // Yesterday in UTC, today where the reader is.
    ['2026-11-22T23:30:00Z', '00:30:00'],
    ['2026-09-01T10:00:00Z', '1 Sep 12:00'],
  ])('%s reads %s in Berlin', (instant, words) => {
    expect(formatInstant(at(instant), now, 'Europe/Berlin')).toBe(words)
  })

  test('is whole on hover, with offset and UTC', () => {
    expect(formatFull(at('2026-11-23T13:32:07.102Z'), 'Europe/Berlin')).toBe(
      '23 Nov 2026 14:32:07.102 GMT+01:00 (13:32:07 UTC)',
    )
    expect(formatFull(at('2026-11-23T13:32:07.102Z'), 'UTC')).toBe('23 Nov 2026 13:32:07.102 UTC')
  })

  test('has milliseconds in a log line and a year as an expiry', () => {
    expect(formatMillis(at('2026-11-23T13:31:44.102Z'), 'UTC')).toBe('13:31:44.102')
    expect(formatMillis(at('2026-11-23T13:31:44Z'), 'UTC')).toBe('13:31:44.000')
    expect(formatDay(at('2027-02-21T12:00:00Z'), 'UTC')).toBe('21 Feb 2027')
  })

  test('has a zone that the runtime knows, whatever a cookie holds', () => {
    expect(knownZone('Europe/Berlin')).toBe('Europe/Berlin')
    expect(knownZone('Nowhere/<script>')).toBe('UTC')
    expect(knownZone(undefined)).toBe('UTC')
  })
})

test.each([
  [0, '0ms'],
  [0.84, '840ms'],
  [0.9996, '1.0s'],
  [38.21, '38.2s'],
  [59.96, '1m 00s'],
  [380, '6m 20s'],
  [3599.6, '1h 00m'],
  [3840, '1h 04m'],
  [86_399, '23h 59m'],
  [266_400, '3d 02h'],
  [-5, '0ms'],
])('%f s is a duration of %s', (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words)
})

test.each([
  [0.4, '0s'],
  [59.9, '59s'],
  [847, '14m 07s'],
])('what has run for %f s shows %s, without tenths', (seconds, words) => {
  expect(formatRunning(seconds)).toBe(words)
})

test.each([
  [-4000, '4 s ago'],
  [-14 * 60_000, '14 min ago'],
  [3 * 3_600_000, 'in 3 h'],
  [-24 * 3_600_000, '1 day ago'],
])('%i ms from now is %s', (ms, words) => {
  expect(formatAgo(now + ms, now)).toBe(words)
})

test('lateness has one unit', () => {
  expect([16, 429, 7200, 200_000].map(formatLateness)).toEqual(['16s', '7m', '2h', '2d'])
})

test.each([
  [0.2, '+200ms'],
  [20, '+20s'],
  [240, '+4m'],
  [90, '+1m 30s'],
  [5400, '+1h 30m'],
  [86_400, '+1d'],
])('%f s along an axis is %s', (seconds, words) => {
  expect(formatOffset(seconds)).toBe(words)
})

test('counts stand in groups and are capped', () => {
  expect([0, 999, 1204, 1_234_567].map((n) => formatCount(n))).toEqual(['0', '999', '1,204', '1,234,567'])
  expect(formatCount(10_001, 10_000)).toBe('10,000+')
})

describe('what is to come', () => {
  const nowMs = at('2026-12-01T20:30:00Z')
  test.each([
    ['2026-12-01T21:00:00Z', 'Today 22:00'],
    ['2026-12-01T22:59:30Z', 'Today 23:59:30'],
    ['2026-12-01T23:00:00Z', 'Tomorrow 00:00'],
    ['2026-12-03T05:00:00Z', 'Thu 3 Dec 06:00'],
    ['2027-01-02T05:00:00Z', 'Sat 2 Jan 2027 06:00'],
  ])('%s is %s', (instant, words) => {
    expect(formatFiring(at(instant), nowMs, 'Europe/Berlin')).toBe(words)
  })
})

describe('the times of a sentence', () => {
  const read = (text: string) =>
    instantsIn(text, now).map((piece) => (typeof piece === 'string' ? piece : new Date(piece).toISOString()))

  test.each([
    ['Unless it is resumed by 15:03:10 UTC, in 3 hours, it fails.', '2026-11-23T15:03:10.000Z'],
    ['resumed by 2026-11-24 15:03:10 UTC.', '2026-11-24T15:03:10.000Z'],
    ['its lease ended at 2026-11-24T06:00:00.123456Z.', '2026-11-24T06:00:00.123Z'],
    ['due 2026-11-24 06:00:00.123456+02:00', '2026-11-24T04:00:00.123Z'],
    ['due 2026-11-24 06:00+0530', '2026-11-24T00:30:00.000Z'],
  ])('%s', (text, instant) => {
    const pieces = read(text)
    expect(pieces).toContain(instant)
    expect(pieces.join('')).not.toMatch(/UTC|06:00$/)
  })

  test.each([
    '',
    'Nothing of the sort.',
    'at 06:00',
    'on 2026-11-24',
    '2026-11-24T06:00:00',
    '99:99:99 UTC',
    '2026-13-40T06:00:00Z',
  ])('%j stays as it is: no instant for sure', (text) => {
    expect(read(text)).toEqual(text === '' ? [] : [text])
  })

  test('all of it is kept, in order', () => {
    expect(read('“a” since 12:00:01 UTC and “b” since 12:00:02 UTC.')).toEqual([
      '“a” since ',
      '2026-11-23T12:00:01.000Z',
      ' and “b” since ',
      '2026-11-23T12:00:02.000Z',
      '.',
    ])
  })
})
