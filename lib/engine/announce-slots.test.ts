import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { announceSlots } from './announce-slots.ts'
import { createSignals } from './signals.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function start(isWatched = true) {
  const signals = createSignals()
  const told: string[] = []
  const stop = announceSlots(signals, {
    announce: (workspaceId, { id }) => told.push(`${workspaceId} ${id}`),
    watches: () => isWatched,
  })
  const move = (limitId: string): void => signals.emit([{ type: 'slots-moved', workspaceId: 'w', limitId }])
  return { told, move, stop }
}

test('a limit is told of at once, and once more for all that moved in the half second after that', () => {
  const { told, move } = start()
  move('a')
  move('b')
  expect(told).toEqual(['w a', 'w b'])
  for (let n = 0; n < 20; n++) move('a')
  expect(told).toHaveLength(2)
  vi.advanceTimersByTime(500)
  expect(told).toEqual(['w a', 'w b', 'w a'])
  vi.advanceTimersByTime(5_000)
  expect(told).toHaveLength(3)
  move('a')
  expect(told).toHaveLength(4)
})

test('where nobody looks nothing is told, and nothing after the end', () => {
  const unwatched = start(false)
  unwatched.move('a')
  expect(unwatched.told).toEqual([])
  const { told, move, stop } = start()
  move('a')
  move('a')
  stop()
  vi.advanceTimersByTime(5_000)
  move('b')
  expect(told).toEqual(['w a'])
})
