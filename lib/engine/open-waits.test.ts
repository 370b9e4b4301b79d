import { expect, test } from 'vitest'
import { OpenWaits } from './open-waits.ts'
import type { SlotAnswer, TakeSlots } from './slot-orders.ts'

const order: TakeSlots = {
  type: 'take',
  workspaceId: 'w',
  names: ['one'],
  slots: 1,
  mode: 'concurrency',
  leaseSeconds: 60,
  holder: null,
}
const granted: SlotAnswer = { type: 'granted', leaseId: 'l', limits: [] }

function waiting(...ids: readonly string[]) {
  const waits = new OpenWaits()
  const waiters = ids.map((id, n) => {
    const waiter = waits.open(id, { workspaceId: 'w', order }, n)
    waits.stand(waiter, { limitIds: ['limit'], sinceMicros: n })
    return { waiter, turn: waits.turn(waiter, 60_000) }
  })
  return { waits, waiters }
}

test('who waits is called with its place in the line, and given what it is served with', async () => {
  const { waits, waiters } = waiting('a')
  expect(waits.call('a')).toEqual({
    ...order,
    again: true,
    wait: { id: 'a', sinceMicros: 0, stays: true },
  })
  // Somebody else serves it already.
  expect(waits.call('a')).toBeNull()
  waits.answer('a', granted)
  await waiters[0]?.turn
  expect(await waiters[0]?.waiter.served).toBe(granted)
})

test('who was woken while it is being served waits for that before it tries', async () => {
  const { waits, waiters } = waiting('a')
  waits.call('a')
  waits.wakeById('a')
  await waiters[0]?.turn
  const { served } = waiters[0]?.waiter ?? {}
  expect(await Promise.race([served, 'not yet'])).toBe('not yet')
  waits.answer('a', null)
  expect(await served).toBeNull()
})

test('who just tries, or is gone, or is not here, cannot be called', async () => {
  const { waits, waiters } = waiting('a', 'b')
  waits.wakeById('a')
  await waiters[0]?.turn
  expect(waits.call('a')).toBeNull()
  if (waiters[1]) waits.close(waiters[1].waiter)
  expect([waits.call('b'), waits.call('c')]).toEqual([null, null])
})

test('who is being refused for the first time when slots come free tries again at once', async () => {
  const waits = new OpenWaits()
  const [fresh, other] = ['w', 'x'].map((workspaceId, n) =>
    waits.open(workspaceId, { workspaceId, order }, n),
  )
  waits.wakeNext('w', 'limit', 1)
  expect([fresh?.isWoken, other?.isWoken]).toEqual([true, false])
  for (const waiter of [fresh, other])
    if (waiter) waits.stand(waiter, { limitIds: ['limit'], sinceMicros: 1 })
  if (fresh) await waits.turn(fresh, 60_000)
})

test('of those who came in one microsecond the first is who is first in the line, in whatever order they were refused', () => {
  const waits = new OpenWaits()
  const waiters = ['c', 'b', 'd', 'a', 'e'].map((id) => {
    const waiter = waits.open(id, { workspaceId: 'w', order }, 1)
    waits.stand(waiter, { limitIds: ['limit'], sinceMicros: 1 })
    return waiter
  })
  waits.wakeNext('w', 'limit', 1)
  expect(
    waiters
      .filter(({ isWoken }) => isWoken)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['a', 'b', 'c'])
})

test('as many are woken as there are slots, and two to spare, the longest waiting first', async () => {
  const { waits, waiters } = waiting('a', 'b', 'c', 'd', 'e')
  waits.wakeNext('w', 'limit', 1)
  expect(waiters.map(({ waiter }) => waiter.isWoken)).toEqual([true, true, true, false, false])
  waits.wakeNext('w', 'limit', ['e'])
  expect(waiters.map(({ waiter }) => waiter.isWoken)).toEqual([true, true, true, false, true])
})
