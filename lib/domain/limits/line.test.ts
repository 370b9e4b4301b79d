import { expect, test } from 'vitest'
import { LimitLine, lastPlace, type Waiter } from './line.ts'
import { LimitBook } from './occupancy.ts'

const second = 1_000_000
const waiter = (id: string, sinceMicros: number, more: Partial<Waiter> = {}): Waiter => ({
  id,
  sinceMicros,
  slots: 1,
  isPresent: true,
  ...more,
})

test('slots are kept for who came first and is present, two of one microsecond by their ids', () => {
  const line = new LimitLine([
    waiter('c', 2),
    waiter('a', 1, { slots: 3 }),
    waiter('b', 2, { slots: 5 }),
    waiter('away', 0, { slots: 100, isPresent: false }),
  ])
  const before = (id: string) => line.slotsBefore(line.get(id) ?? lastPlace)
  expect(['away', 'a', 'b', 'c', 'newcomer'].map(before)).toEqual([0, 0, 3, 8, 9])
  expect([2, 3, 7, 8, 9].map((room) => line.next(room))).toEqual([
    [],
    ['a'],
    ['a'],
    ['a', 'b'],
    ['a', 'b', 'c'],
  ])
  expect(line.leave('a')?.slots).toBe(3)
  expect(line.leave('a')).toBeUndefined()
  line.join(waiter('b', 2, { isPresent: false }))
  expect(before('newcomer')).toBe(1)
})

test('who asks again is passed over by those who came later and are present', () => {
  const line = new LimitLine([waiter('early', 1), waiter('away', 5, { isPresent: false })])
  const away = line.get('away') ?? lastPlace
  expect([line.hasPresentAfter(away), line.hasPresentAfter(lastPlace)]).toEqual([false, false])
  line.join(waiter('late', 9))
  expect(line.hasPresentAfter(away)).toBe(true)
})

test('a limit whose slots come back at a rate says when there is room', () => {
  const book = new LimitBook({ slots: 4, decayPerSecond: 2 }, [])
  book.take(3, 0)
  book.take(1, 0)
  // One comes back each half second, the lease of three first.
  expect([0, 1, 3, 4].map((slots) => book.roomMicros(slots, 0) / second)).toEqual([0, 0.5, 1.5, 2])
  expect(book.roomMicros(1, 0.6 * second)).toBe(0.6 * second)
  expect(book.roomMicros(2, 0.6 * second)).toBe(second)
  // More than it has: others take some of them before.
  expect(book.roomMicros(7, 0)).toBe(3.5 * second)
  for (const slots of [1, 2, 3, 4]) {
    const at = Math.ceil(book.roomMicros(slots, 0))
    expect([book.hasRoom(slots, at - 2), book.hasRoom(slots, at)]).toEqual([false, true])
  }
  const still = new LimitBook({ slots: 1, decayPerSecond: 0 }, [])
  still.take(1, 0)
  expect(still.roomMicros(1, 0)).toBe(Number.POSITIVE_INFINITY)
})
