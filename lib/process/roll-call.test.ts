import { expect, test } from 'vitest'
import { RollCall } from './roll-call.ts'

test('holds who came and has not gone, in whatever order they go', () => {
  const here = new RollCall<number>()
  const there = new Map<number, () => void>()
  let seed = 7
  const dice = (sides: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % sides
  }
  for (let n = 0; n < 2_000; n++) {
    if (dice(5) < 3) there.set(n, here.add(n))
    else {
      const gone = [...there.keys()][dice(Math.max(1, there.size))]
      if (gone === undefined) continue
      there.get(gone)?.()
      there.delete(gone)
    }
    expect(here.size).toBe(there.size)
  }
  expect([...here].sort((a, b) => a - b)).toEqual([...there.keys()])
})

test('who leaves while it is read is still read', () => {
  const here = new RollCall<string>()
  const leave = [here.add('a'), here.add('b')]
  const seen: string[] = []
  for (const member of here) {
    seen.push(member)
    leave.pop()?.()
  }
  expect(seen).toEqual(['a', 'b'])
  expect(here.size).toBe(0)
})
