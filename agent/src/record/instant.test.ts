import { expect, it } from 'vitest'
import { alignClock, instantIn, presentInstant } from './instant.js'

it('instants lie after the one that the control plane gave, also where this clock is behind', () => {
  const before = presentInstant()
  alignClock(new Date(Date.now() - 60_000).toISOString())
  expect(Date.parse(presentInstant()) - Date.parse(before)).toBeLessThan(5_000)
  const ahead = new Date(Date.now() + 60_000).toISOString()
  alignClock(ahead)
  const [first, second] = [presentInstant(), presentInstant()]
  expect(first > ahead).toBe(true)
  expect(second > first).toBe(true)
  expect(instantIn(1) > ahead).toBe(true)
  alignClock('')
  expect(presentInstant() > second).toBe(true)
})
