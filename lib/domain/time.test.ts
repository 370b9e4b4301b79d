import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInstant, parseDurationSeconds, parseInstant } from './time.ts'

const at = (text: string): number => Date.parse(text) * 1000

describe('parseInstant', () => {
  const noon = at('2026-08-21T12:00:00Z')
  test.each([
    // As clients write it.
    ['2026-08-21T12:00:00Z', noon],
    ['2026-08-21t12:00:00z', noon],
    ['2026-08-21T12:00:00+00:00', noon],
    ['2026-08-21T12:00:00.123456Z', noon + 123_456],
    ['2026-08-21T12:00:00.000001+00:00', noon + 1],
    ['2026-08-21T12:00:00.5Z', noon + 500_000],
    ['2026-08-21T12:00:00.123456789Z', noon + 123_456],
    ['2026-08-21T14:30:00+02:30', noon],
    ['2026-08-21T14:30:00+0230', noon],
    ['2026-08-21T07:00:00-05', noon],
    ['2026-08-21T12:00:00-00:00', noon],
    // As Postgres prints it.
    ['2026-08-21 12:00:00+00', noon],
    ['2026-08-21 12:00:00.1234+00', noon + 123_400],
    ['2026-08-21 17:30:00.1+05:30', noon + 100_000],
    // Without an offset it is UTC, whatever the machine's zone.
    ['2026-08-21T12:00:00', noon],
    ['2026-08-21 12:00', noon],
    ['2026-08-21', at('2026-08-21T00:00:00Z')],
    // Edges of the calendar.
    ['2024-02-29T00:00:00Z', at('2024-02-29T00:00:00Z')],
    ['2000-02-29T00:00:00Z', at('2000-02-29T00:00:00Z')],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['1970-01-01T00:00:00Z', 0],
    ['0001-01-01T00:00:00Z', at('0001-01-01T00:00:00Z')],
    ['0001-01-01T01:00:00+01:00', at('0001-01-01T00:00:00Z')],
    ['9999-12-31T23:59:59Z', at('9999-12-31T23:59:59Z')],
  ])('%s', (text, micros) => {
    expect(parseInstant(text)).toBe(micros)
  })

  test.each([
    '',
    'now',
    '2026',
    '2026-08',
    '2026-8-21',
    '2026-13-01',
    '2026-00-01',
    '2026-04-31',
    '2026-04-00',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-08-21T24:00:00Z',
    '2026-08-21T12:60:00Z',
    '2026-08-21T12:00:60Z',
    '2026-08-21T12',
    '2026-08-21T12:00:0',
    '2026-08-21T12:00:00.',
    '2026-08-21T12:00:00.Z',
    '2026-08-21T12:00:00.1234567890Z',
    '2026-08-21T12:00:00,5Z',
    '2026-08-21T12:00:00ZZ',
    '2026-08-21T12:00:00 Z',
    '2026-08-21T12:00:00+',
    '2026-08-21T12:00:00+1',
    '2026-08-21T12:00:00+001',
    '2026-08-21T12:00:00+24:00',
    '2026-08-21T12:00:00+00:60',
    '2026-08-21T12:00:00+00:00x',
    '2026-08-21x12:00:00Z',
    '2026/08/21T12:00:00Z',
    ' 2026-08-21',
    '2026-08-21 ',
    '٢٠٢٦-08-21',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '10000-01-01T00:00:00Z',
    '-2026-08-21',
    '0044-03-15 12:00:00+00 BC',
    'infinity',
    '1787313600',
  ])('%j is no instant', (text) => {
    expect(parseInstant(text)).toBeUndefined()
  })

  test('any text gives a number or nothing, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const micros = parseInstant(text)
        expect(micros === undefined || Number.isInteger(micros)).toBe(true)
      }),
    )
  })
})

describe('formatInstant', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000000Z'],
    [-1, '1969-12-31T23:59:59.999999Z'],
    [at('2026-08-21T16:27:33Z') + 123_456, '2026-08-21T16:27:33.123456Z'],
    [at('2024-02-29T23:59:59Z') + 7, '2024-02-29T23:59:59.000007Z'],
    [at('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00.000000Z'],
    [0.9, '1970-01-01T00:00:00.000000Z'],
  ])('%d → %s', (micros, text) => {
    expect(formatInstant(micros)).toBe(text)
  })

  test('outside the years 1 to 9999 there is nothing to write', () => {
    for (const micros of [at('0001-01-01T00:00:00Z') - 64, 2.6e17, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => formatInstant(micros)).toThrow(RangeError)
    }
  })
})

describe('round trips', () => {
  // Beyond 2^53 µs (before 1684, after 2255) neighbouring microseconds share a number.
  const exact = fc.integer({ min: at('1700-01-01T00:00:00Z'), max: at('2255-01-01T00:00:00Z') })

  test('a number survives being written and read', () => {
    fc.assert(fc.property(exact, (micros) => parseInstant(formatInstant(micros)) === micros))
  })

  test('text of six digits survives being read and written', () => {
    const any = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(any, (date) => {
        // Whole seconds are exact in all of the years.
        const text = `${date.toISOString().slice(0, 19)}.000000Z`
        expect(formatInstant(parseInstant(text) ?? Number.NaN)).toBe(text)
      }),
    )
    expect(formatInstant(parseInstant('9999-12-31T23:59:59.999999Z') ?? Number.NaN)).toBe(
      '9999-12-31T23:59:59.999999Z',
    )
  })

  test('the millisecond agrees with Date', () => {
    fc.assert(
      fc.property(exact, (micros) => {
        const date = new Date(Math.floor(micros / 1000))
        expect(formatInstant(micros).slice(0, 23)).toBe(date.toISOString().slice(0, 23))
      }),
    )
  })

  test('an offset moves the instant by as much', () => {
    fc.assert(
      fc.property(exact, fc.integer({ min: -1439, max: 1439 }), (micros, minutes) => {
        const size = Math.abs(minutes)
        const offset = `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
        const text = formatInstant(micros).replace('Z', offset)
        expect(parseInstant(text)).toBe(micros - minutes * 60_000_000)
      }),
    )
  })
})

describe('parseDurationSeconds', () => {
  test.each([
    [60, 60],
    [0.25, 0.25],
    [-5, -5],
    ['60', 60],
    ['1.5', 1.5],
    ['PT60S', 60],
    ['PT0.5S', 0.5],
    ['PT1,5S', 1.5],
    ['P1DT2H', 93_600],
    ['P2W', 1_209_600],
    ['PT1H1M1S', 3661],
    ['-PT5S', -5],
    ['-PT0S', 0],
    ['P0D', 0],
  ])('%j → %d s', (value, seconds) => {
    expect(parseDurationSeconds(value)).toBe(seconds)
  })

  test.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
    [60],
    '',
    ' 60',
    '1e3',
    '0x10',
    'P',
    'PT',
    'P1DT',
    'P1Y',
    'P1M',
    'PT1S1M',
    '60 seconds',
    `PT${'9'.repeat(200)}S`,
  ])('%j is no length of time', (value) => {
    expect(parseDurationSeconds(value)).toBeUndefined()
  })

  test('a number of seconds survives as ISO 8601', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (seconds) => {
        expect(parseDurationSeconds(`PT${seconds}S`)).toBe(seconds)
      }),
    )
  })
})
