import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holdsUnstorableText, withStorableText } from './json.ts'

describe('text that Postgres cannot store', () => {
  test.each([
    ['a NUL', '"a\\u0000b"', true],
    ['the letters of an escape, escaped', '"a\\\\u0000b"', false],
    ['an escaped backslash before a NUL', '"a\\\\\\u0000"', true],
    ['a pair', '"\\ud83d\\ude80"', false],
    ['half a pair, high', '"\\ud83d"', true],
    ['half a pair, low', '"x\\ude80x"', true],
    ['two highs before a low', '"\\ud83d\\ud83d\\ude80"', true],
    ['a raw lone surrogate', `"${'\ud83d'}"`, true],
    ['plain text', '"Grüße, 世界 🚀"', false],
  ])('%s', (_what, text, expected) => {
    expect(holdsUnstorableText(text)).toBe(expected)
    const clean = withStorableText(text)
    expect(holdsUnstorableText(clean)).toBe(false)
    if (!expected) expect(clean).toBe(text)
    else expect(JSON.parse(clean)).toContain('\ufffd')
  })

  test('is found in exactly those texts whose strings hold it, whatever is escaped', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\\u0000',
        '\\\\u0000',
        '\\ud83d',
        '\\ude80',
        '\\ud83d\\ude80',
        '\\n',
        '\\\\',
        '\\"',
        'x',
        '\\u0041',
      ),
      fc.string({ maxLength: 2 }).map((s) => JSON.stringify(s).slice(1, -1)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = `"${pieces.join('')}"`
        const value = JSON.parse(text) as string
        expect(holdsUnstorableText(text)).toBe(value.includes('\0') || !value.isWellFormed())
        const clean = JSON.parse(withStorableText(text)) as string
        expect(clean).toBe(value.toWellFormed().replaceAll('\0', '\ufffd'))
      }),
      { numRuns: 2_000 },
    )
  })
})
