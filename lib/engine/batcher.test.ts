import { describe, expect, test } from 'vitest'
import { Unavailable } from '../domain/problem.ts'
import { type BatcherOptions, createBatcher } from './batcher.ts'

interface Item {
  readonly tenant: string
  readonly key: string | null
  readonly value: number
}

/** A batcher whose batches wait until they are let go. */
function held(more: Partial<BatcherOptions<Item, number>> = {}) {
  const batches: { items: readonly Item[]; release: () => void; fail: (error: unknown) => void }[] = []
  let arrived: (() => void)[] = []
  const batcher = createBatcher<Item, number>({
    name: 'test',
    maxBatch: 4,
    maxWaiting: 100,
    maxInFlight: 2,
    tenantOf: (item) => item.tenant,
    keyOf: (item) => item.key,
    run: (items) =>
      new Promise((resolve, reject) => {
        batches.push({ items, release: () => resolve(items.map((item) => item.value * 10)), fail: reject })
        for (const tell of arrived) tell()
        arrived = []
      }),
    ...more,
  })
  const batch = async (n: number) => {
    while (batches.length <= n) await new Promise<void>((resolve) => arrived.push(resolve))
    const one = batches[n]
    if (!one) throw new Error('unreachable')
    return one
  }
  return { batcher, batch, batches }
}

const item = (value: number, key: string | null = null, tenant = 'a'): Item => ({ tenant, key, value })

describe('batches', () => {
  test('share what arrives while others run, and answer each caller', async () => {
    const { batcher, batch } = held()
    const results = [1, 2, 3, 4, 5, 6].map((n) => batcher.add(item(n)))
    const [first, second] = [await batch(0), await batch(1)]
    expect(first.items.map((i) => i.value)).toEqual([1, 2, 3, 4])
    expect(second.items.map((i) => i.value)).toEqual([5, 6])
    first.release()
    second.release()
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50, 60])
  })

  test('answer many in portions, between which others have their turn, and all before they are drained', async () => {
    const { batcher, batch } = held({ maxBatch: 100 })
    const values = Array.from({ length: 50 }, (_, n) => n)
    const heard: (number | string)[] = []
    for (const value of values) void batcher.add(item(value)).then((result) => heard.push(result))
    const first = await batch(0)
    setImmediate(() => heard.push('another'))
    first.release()
    await batcher.drain()
    // Whoever was told last hears of it after this.
    await Promise.resolve()
    expect(heard.filter((each) => each !== 'another')).toEqual(values.map((value) => value * 10))
    expect(heard.indexOf('another')).toBeLessThan(50)
  })

  test('start beside another only with company, and without when it ends', async () => {
    const { batcher, batch } = held({ worthCompany: 3 })
    const results = [batcher.add(item(1))]
    const first = await batch(0)
    results.push(batcher.add(item(2)), batcher.add(item(3)))
    // A turn in which they might have started.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    results.push(batcher.add(item(4)))
    const second = await batch(1)
    expect(second.items.map((i) => i.value)).toEqual([2, 3, 4])
    results.push(batcher.add(item(5)))
    first.release()
    second.release()
    const third = await batch(2)
    expect(third.items.map((i) => i.value)).toEqual([5])
    third.release()
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50])
  })

  test('never hold two items of one key, nor run while the key runs', async () => {
    const { batcher, batch, batches } = held()
    const results = [batcher.add(item(1, 'k')), batcher.add(item(2, 'k')), batcher.add(item(3, 'other'))]
    const first = await batch(0)
    expect(first.items.map((i) => i.value)).toEqual([1, 3])
    expect(batches).toHaveLength(1)
    first.release()
    const second = await batch(1)
    expect(second.items.map((i) => i.value)).toEqual([2])
    second.release()
    await Promise.all(results)
  })

  test('take turns between tenants', async () => {
    const { batcher, batch } = held()
    const results = [1, 2, 3, 4, 5].map((n) => batcher.add(item(n, null, 'long')))
    results.push(batcher.add(item(9, null, 'short')))
    const first = await batch(0)
    expect(first.items.some((i) => i.tenant === 'short')).toBe(true)
    first.release()
    ;(await batch(1)).release()
    await Promise.all(results)
  })

  test('that fail for one item fail it alone', async () => {
    const results = await (async () => {
      const batcher = createBatcher<Item, number>({
        name: 'test',
        maxBatch: 10,
        maxWaiting: 100,
        maxInFlight: 1,
        tenantOf: (i) => i.tenant,
        keyOf: null,
        run: async (items) => {
          if (items.some((i) => i.value === 2)) throw new Error('bad row')
          return items.map((i) => i.value)
        },
      })
      return Promise.allSettled([1, 2, 3].map((n) => batcher.add(item(n))))
    })()
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('are done again when the trouble passes, and refused as unavailable when it stays', async () => {
    let failures = 2
    const flaky = createBatcher<Item, number>({
      name: 'test',
      maxBatch: 10,
      maxWaiting: 100,
      maxInFlight: 1,
      tenantOf: (i) => i.tenant,
      keyOf: null,
      run: async (items) => {
        if (failures-- > 0) throw Object.assign(new Error('deadlock'), { code: '40P01' })
        return items.map((i) => i.value)
      },
    })
    expect(await flaky.add(item(7))).toBe(7)
    failures = Number.POSITIVE_INFINITY
    await expect(flaky.add(item(8))).rejects.toBeInstanceOf(Unavailable)
  })

  test.each(['53100', '53200', '58030', '25006'])(
    'are refused at once, and whole, when the database has no room or only reads (%s)',
    async (code) => {
      const told: unknown[] = []
      let tries = 0
      const full = createBatcher<Item, number>({
        name: 'test',
        maxBatch: 10,
        maxWaiting: 100,
        maxInFlight: 1,
        tenantOf: (i) => i.tenant,
        keyOf: null,
        run: async () => {
          tries++
          throw Object.assign(new Error('No space left on device'), { code })
        },
        onShort: (error) => told.push(error),
      })
      const results = await Promise.allSettled([1, 2, 3].map((n) => full.add(item(n))))
      for (const result of results)
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'unavailable', retryAfterSeconds: 5, cause: { code } },
        })
      expect({ tries, told: told.length }).toEqual({ tries: 1, told: 1 })
    },
  )

  test('refuse what is beyond the bound, and everything after draining began', async () => {
    const { batcher, batch } = held({ maxWaiting: 2 })
    const kept = [batcher.add(item(1)), batcher.add(item(2))]
    await expect(batcher.add(item(3))).rejects.toBeInstanceOf(Unavailable)
    const first = await batch(0)
    const drained = batcher.drain()
    await expect(batcher.add(item(4))).rejects.toBeInstanceOf(Unavailable)
    first.release()
    await drained
    expect(await Promise.all(kept)).toEqual([10, 20])
  })
})
