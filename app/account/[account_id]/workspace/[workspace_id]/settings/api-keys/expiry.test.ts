import { expect, test } from 'vitest'
import { expirationOf, expiryOf } from './expiry.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const day = 86_400_000

test.each([
  [90 * day, 'far', ''],
  [6 * day + 1, 'near', 'in 6 days'],
  [day, 'near', 'in 1 day'],
  [3_600_000, 'near', 'in 1 h'],
  [1000, 'near', 'in 1 min'],
  [0, 'past', 'Expired'],
] as const)('an expiry %i ms ahead is %s', (ahead, tone, words) => {
  expect(expiryOf(now + ahead, now)).toEqual({ tone, words })
})

test('a key may expire in days, at the end of a day, or never; not in the past', () => {
  expect(expirationOf('30', '', now)).toBe('2026-12-23T12:00:00.000Z')
  expect(expirationOf('never', '', now)).toBeNull()
  expect(expirationOf('date', '', now)).toBeUndefined()
  expect(expirationOf('date', '2026-11-01', now)).toBeUndefined()
  expect(expirationOf('date', '2027-01-01', now)).toMatch(/^202[67]-/)
})
