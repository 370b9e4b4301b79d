import { expect, test } from 'vitest'
import { RestingReceivers } from './resting-receivers.ts'

test('a receiver that fails is left alone, longer each time, until it works', () => {
  const receivers = new RestingReceivers()
  let second = 0
  const at = (s: number) => s * 1e6
  const restsUntil = () => {
    let until = second
    while (receivers.resting(at(until)).includes('a')) until++
    return until - second
  }
  const rests: number[] = []
  for (let i = 0; i < 6; i++) {
    receivers.failed('a', at(second))
    receivers.failed('a', at(second))
    const rest = restsUntil()
    rests.push(rest)
    second += rest
  }
  expect(rests).toEqual([5, 10, 20, 40, 60, 60])
  receivers.failed('b', at(second))
  expect(receivers.resting(at(second))).toEqual(['b'])
  receivers.worked('a')
  receivers.failed('a', at(second))
  expect(restsUntil()).toBe(5)
  expect(receivers.resting(at(second + 3_600))).toEqual([])
})
