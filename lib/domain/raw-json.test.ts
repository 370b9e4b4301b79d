import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNestedDeeper, rawItems, rawMember } from './raw-json.ts'

describe('cutting exact JSON', () => {
  test('keeps numbers that JSON.parse would round or reshape', () => {
    const body =
      '{"name":"x", "parameters" : {"big": 123456789012345678901234567890, "one": 1.0, "tiny": 1e-7 } ,"z":1}'
    expect(rawMember(body, 'parameters')).toBe(
      '{"big": 123456789012345678901234567890, "one": 1.0, "tiny": 1e-7 }',
    )
  })

  test('goes down a path, and answers undefined where it ends', () => {
    const body = '{"state":{"type":"COMPLETED","data":[1.0,{"a":"]}"}]}}'
    expect(rawMember(body, 'state', 'data')).toBe('[1.0,{"a":"]}"}]')
    expect(rawMember(body, 'state', 'nothing')).toBeUndefined()
    expect(rawMember(body, 'state', 'type', 'deeper')).toBeUndefined()
  })

  test('of duplicate keys the last counts, and escaped keys are read', () => {
    expect(rawMember('{"a":1,"a":2}', 'a')).toBe('2')
    expect(rawMember('{"\\u0061\\"":3}', 'a"')).toBe('3')
  })

  test('cuts what JSON.stringify put there, for any value and spacing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(4), (object, indent) => {
        const text = JSON.stringify(object, null, indent)
        for (const [key, value] of Object.entries(object)) {
          expect(JSON.parse(rawMember(text, key) ?? 'missing')).toEqual(JSON.parse(JSON.stringify(value)))
        }
      }),
    )
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.nat(4), (items, indent) => {
        const cut = rawItems(JSON.stringify(items, null, indent)).map((text) => JSON.parse(text) as unknown)
        expect(cut).toEqual(JSON.parse(JSON.stringify(items)))
      }),
    )
  })
})

test('nesting is counted in objects and arrays, not in the texts between them', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), (value, levels) => {
      const odd = [value, '[[[{"', { '}{\\"': value }]
      expect(isNestedDeeper(JSON.stringify(odd), levels)).toBe(depthOf(odd) > levels)
    }),
  )
})
