import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adjectives, generateRunName, nouns } from './run-name.ts'

test('a generated name is two words of lower-case letters', () => {
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(dice, dice, (first, second) => {
      const thrown = [first, second]
      expect(generateRunName(() => thrown.shift() ?? 0)).toMatch(/^[a-z]+-[a-z]+$/)
    }),
  )
})

test('the same dice give the same name', () => {
  expect(generateRunName(() => 0)).toBe('able-acorn')
  expect(generateRunName(() => 0.999_999_999)).toBe('zesty-zebra')
})

test('there are enough words that two runs of a day seldom share a name, and none twice', () => {
  for (const list of [adjectives, nouns]) {
    expect(list.length).toBeGreaterThanOrEqual(120)
    expect(new Set(list).size).toBe(list.length)
    for (const word of list) expect(word).toMatch(/^[a-z]+$/)
  }
})
