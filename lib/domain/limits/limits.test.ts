import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drainedMicros, type Lease, LimitBook, slotsOut } from './occupancy.ts'
import { deniedSlotsNow, meanWaitSeconds, nextAverageOccupancy, retryAfterSeconds } from './waiting.ts'

const second = 1_000_000

describe('slots of a limit', () => {
  test('are out until they are given back', () => {
    const book = new LimitBook({ slots: 3, decayPerSecond: 0 }, [])
    expect(book.take(2, 0)).toBeNull()
    expect([book.taken(0), book.taken(1e15)]).toEqual([2, 2])
    expect([book.hasRoom(1, 0), book.hasRoom(2, 0)]).toEqual([true, false])
    book.give(1, null)
    expect(book.hasRoom(2, 0)).toBe(true)
  })

  test('that decay come back one after the other, oldest first', () => {
    const book = new LimitBook({ slots: 10, decayPerSecond: 2 }, [])
    expect(book.take(4, 0)).toBe(0)
    // Two are back after a second; the next two begin to come back when the first four have.
    expect(book.taken(second)).toBe(2)
    expect(book.take(2, second)).toBe(2 * second)
    expect([1, 1.4, 1.5, 2, 2.5, 3].map((s) => book.taken(s * second))).toEqual([4, 4, 3, 2, 1, 0])
    // After a pause nothing is owed.
    expect(book.take(1, 60 * second)).toBe(60 * second)
  })

  test('of a limit that began to decay later count from when they were taken', () => {
    const lease: Lease = { slots: 5, heldMicros: 0, drainsFromMicros: null }
    expect([0, 1, 2.5, 5, 9].map((s) => slotsOut(lease, 1, s * second))).toEqual([5, 4, 3, 0, 0])
  })

  test('that would take for ever to come back keep their instants within what can be written', () => {
    for (const decayPerSecond of [1e-12, 5e-324]) {
      const book = new LimitBook({ slots: 10, decayPerSecond }, [])
      const year9999 = 253_402_300_799 * second
      const now = 1_800_000_000 * second
      expect([book.take(1, now), book.take(1, now)]).toEqual([now, expect.any(Number)])
      expect(book.take(1, now)).toBeLessThan(year9999)
      expect(drainedMicros({ slots: 1, heldMicros: now, drainsFromMicros: now }, decayPerSecond)).toBe(
        Number.POSITIVE_INFINITY,
      )
    }
  })

  test('whatever is taken when, drain at no more than the decay', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.array(fc.record({ slots: fc.integer({ min: 1, max: 5 }), after: fc.nat({ max: 3 * second }) }), {
          minLength: 1,
          maxLength: 20,
        }),
        (decay, takes) => {
          const book = new LimitBook({ slots: 1e9, decayPerSecond: decay }, [])
          let now = 0
          let before = 0
          for (const { slots, after } of takes) {
            now += after
            const taken = book.taken(now)
            // A whole slot may be back because parts of it were before.
            expect(before - taken).toBeLessThanOrEqual((decay * after) / second + 1)
            book.take(slots, now)
            before = taken + slots
            expect(book.taken(now)).toBe(before)
          }
          expect(book.taken(now + (before / decay + 1) * second)).toBe(0)
        },
      ),
    )
  })
})

describe('who has to wait', () => {
  const limit = { name: 'db', slots: 4, decayPerSecond: 0, deniedSlots: 0, averageOccupancySeconds: 8 }

  test('is told how long slots are held, and how many wait already', () => {
    expect(meanWaitSeconds(limit, 1)).toBe(2)
    expect(meanWaitSeconds({ ...limit, deniedSlots: 3 }, 1)).toBe(8)
    expect(meanWaitSeconds({ ...limit, deniedSlots: 300 }, 1)).toBe(30)
    expect(meanWaitSeconds({ ...limit, name: 'tag:db', deniedSlots: 300 }, 1)).toBe(10)
    expect(meanWaitSeconds({ ...limit, decayPerSecond: 0.5, deniedSlots: 1 }, 2)).toBe(6)
  })

  test('waits around that, each a little differently', () => {
    const waits = [0, 0.25, 0.5, 0.75, 0.999].map((dice) => retryAfterSeconds([limit], 2, dice))
    expect(waits[0]).toBeCloseTo(4 * 0.7)
    expect(waits[4]).toBeCloseTo(4 * 1.3, 1)
    expect([...waits].sort((a, b) => a - b)).toEqual(waits)
  })

  test('is forgotten as fast as slots come back', () => {
    expect(deniedSlotsNow({ ...limit, deniedSlots: 3 }, 0)).toBe(3)
    expect(deniedSlotsNow({ ...limit, deniedSlots: 3 }, 16)).toBe(1)
    expect(deniedSlotsNow({ ...limit, deniedSlots: 3, decayPerSecond: 2 }, 60)).toBe(0)
  })

  test('the average follows what is observed', () => {
    let average = 2
    for (let n = 0; n < 100; n++) average = nextAverageOccupancy(average, 10, 4)
    expect(average).toBeCloseTo(10, 3)
    expect(nextAverageOccupancy(2, 10, 0)).toBe(6)
  })
})
