import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLossless, parseLosslessObject, writeLikePython, writeLossless } from './lossless-json.ts'

describe('lossless JSON', () => {
  test('reads what JSON.parse reads, and writes it back', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 0, max: 2 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent)
        expect(JSON.parse(writeLossless(parseLossless(spaced)))).toEqual(JSON.parse(spaced))
        expect(JSON.parse(writeLikePython(parseLossless(spaced)))).toEqual(JSON.parse(spaced))
      }),
    )
  })

  test('refuses what JSON.parse refuses', () => {
    const refuses = (read: (text: string) => unknown, text: string): boolean => {
      try {
        read(text)
        return false
      } catch {
        return true
      }
    }
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string({ maxLength: 12, unit: fc.constantFrom(...'{}[]",:\\ue0019-+.tfn \n\t') }),
        ),
        fc.nat(40),
        fc.constantFrom('', '"', ',', '{', '\u0001', '0'),
        (text, at, odd) => {
          const changed = text.slice(0, at) + odd + text.slice(at + 1)
          expect(refuses(parseLossless, changed)).toBe(refuses(JSON.parse, changed))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test.each(['1.0', '-0', '1e400', '123456789012345678901234567890', '0.10', '1E+2'])(
    'keeps %s as it is written',
    (literal) => {
      expect(writeLossless(parseLossless(`{"n": [${literal}]}`))).toBe(`{"n":[${literal}]}`)
    },
  )

  test('of two alike members the last counts, and __proto__ is a name like others', () => {
    expect(writeLossless(parseLossless('{"a":1,"__proto__":{"b":2},"a":3}'))).toBe(
      '{"a":3,"__proto__":{"b":2}}',
    )
  })

  test('sorts by code point and escapes all but ASCII, as Python does', () => {
    expect(writeLikePython(parseLossless('{"\\uffff":1,"\\ud83d\\ude80":2,"a":"\\u007f/\\n"}'))).toBe(
      '{"a": "\\u007f/\\n", "\\uffff": 1, "\\ud83d\\ude80": 2}',
    )
  })

  test('gives up on absurd depth without overflowing the stack', () => {
    expect(parseLosslessObject(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBeNull()
  })
})
