import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

/** Work that ends when it is told to. */
function work() {
  let begun = false
  let end = (_failure?: Error): void => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = (failure) => (failure ? reject(failure) : resolve())
  })
  const run = (): Promise<void> => {
    begun = true
    return ended
  }
  return { run, end, hasBegun: () => begun }
}

const round = () => new Promise((resolve) => setImmediate(resolve))

test('work on the same things goes in the order of its coming, all else side by side', async () => {
  const turns = new Turns()
  const [first, second, other, third] = [work(), work(), work(), work()]
  const all = [
    turns.take(['a', 'b'], first.run),
    turns.take(['b', 'c', 'b'], second.run),
    turns.take(['d'], other.run),
    turns.take(['c'], third.run),
  ]
  await round()
  expect([first, second, other, third].map((each) => each.hasBegun())).toEqual([true, false, true, false])
  first.end()
  await round()
  expect([second, third].map((each) => each.hasBegun())).toEqual([true, false])
  second.end()
  await round()
  expect(third.hasBegun()).toBe(true)
  third.end()
  other.end()
  await Promise.all(all)
  expect(turns.size).toBe(0)
})

test('who fails makes way too, and is told', async () => {
  const turns = new Turns()
  const [first, second] = [work(), work()]
  const failing = turns.take(['a'], first.run)
  const next = turns.take(['a'], second.run)
  first.end(new Error('no'))
  await expect(failing).rejects.toThrow('no')
  second.end()
  await next
  expect(turns.size).toBe(0)
})
