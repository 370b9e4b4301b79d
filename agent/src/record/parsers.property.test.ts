import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseServerFrame } from '../connection/server-frame.js'
import { parameterNames } from '../sdk/parameters.js'
import { parseAddress, WrongAddress } from '../settings/target.js'
import { parametersToJson, toJson } from './json.js'
import { cleanText, slug } from './text.js'

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())

it('whatever a value is, it becomes JSON that a database can store', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      (value) => {
        const text = JSON.stringify([toJson(value), parametersToJson({ value })])
        // No NUL and no lone surrogate, escaped or not.
        expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/i)
        expect(Buffer.from(text).toString()).toBe(text)
      },
    ),
  )
})

it('text is never longer than allowed, and always well formed', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 20, max: 60 }), (text, most) => {
      const clean = cleanText(text, most)
      expect(clean.length).toBeLessThanOrEqual(most)
      expect(Buffer.from(clean).toString()).toBe(clean)
      expect(clean).not.toContain('\0')
      expect(slug(text)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    }),
  )
})

it('frames that are not frames are nothing, and break nothing', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.json()), (text) => {
      expect(parseServerFrame(text)).toBeNull()
    }),
  )
  const kinds = fc.constantFrom('welcome', 'ack', 'refused', 'verdict', 'cancel', 'pong')
  const fields = fc.record({ type: kinds, seq: fc.anything(), n: fc.anything(), flowRunId: fc.anything() })
  fc.assert(
    fc.property(fields, (frame) => {
      const read = parseServerFrame(JSON.stringify(frame, (_, each) => (typeof each === 'bigint' ? 0 : each)))
      if (read?.type === 'ack') expect(Number.isSafeInteger(read.seq)).toBe(true)
    }),
  )
})

it('addresses are read or refused, and lead to the same host in all their forms', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      try {
        expect(parseAddress(text).url).toMatch(/^https?:\/\//)
      } catch (error) {
        expect(error).toBeInstanceOf(WrongAddress)
      }
    }),
  )
  fc.assert(
    fc.property(
      fc.webUrl({ validSchemes: ['http', 'https'] }),
      fc.uuid(),
      fc.uuid(),
      (text, accountId, workspaceId) => {
        const { origin } = new URL(text)
        expect(parseAddress(origin)).toEqual({ url: origin })
        expect(parseAddress(`${origin}/api/`)).toEqual({ url: origin })
        const full = `${origin}/api/accounts/${accountId}/workspaces/${workspaceId}`
        expect(parseAddress(full)).toEqual({ url: origin, accountId, workspaceId })
      },
    ),
  )
})

it('parameter names are read from any source without harm', () => {
  fc.assert(fc.property(anyText, (source) => void parameterNames(source)))
  const cases: [(...args: never[]) => unknown, (string | null)[]][] = [
    [(a: number, b = 'x, y', ...rest: number[]) => [a, b, rest], ['a', 'b', 'rest']],
    [({ a }: { a: number }, b: number) => [a, b], [null, 'b']],
    [async (lone: number) => lone, ['lone']],
    [() => 1, []],
    [
      async function named(first: number, second = { a: [1, 2] }) {
        return [first, second]
      },
      ['first', 'second'],
    ],
  ]
  for (const [fn, names] of cases) expect(parameterNames(fn.toString())).toEqual(names)
})
