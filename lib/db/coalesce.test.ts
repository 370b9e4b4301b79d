import { expect, test } from 'vitest'
import { shareReads } from './coalesce.ts'

const gate = () => {
  let open = (_: number): void => {}
  const passed = new Promise<number>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

test('who asks while a read runs joins the next one, never the one that has begun', async () => {
  const share = shareReads<number>()
  const reads: ReturnType<typeof gate>[] = []
  const read = () => {
    reads.push(gate())
    return reads.at(-1)?.passed ?? Promise.resolve(-1)
  }
  const first = [share('k', read), share('k', read)]
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(reads).toHaveLength(1)
  const second = [share('k', read), share('k', read)]
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(reads).toHaveLength(1)
  reads[0]?.open(1)
  expect(await Promise.all(first)).toEqual([1, 1])
  await new Promise((resolve) => setImmediate(resolve))
  expect(reads).toHaveLength(2)
  reads[1]?.open(2)
  expect(await Promise.all(second)).toEqual([2, 2])
})

test('keys do not wait for each other, and a failure is told to those who shared it only', async () => {
  const share = shareReads<string>()
  const never = share('slow', () => new Promise(() => {}))
  expect(await share('quick', async () => 'a')).toBe('a')
  const failing = async (): Promise<string> => {
    throw new Error('away')
  }
  const both = await Promise.allSettled([share('quick', failing), share('quick', failing)])
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected'])
  expect(await share('quick', async () => 'b')).toBe('b')
  void never
})
