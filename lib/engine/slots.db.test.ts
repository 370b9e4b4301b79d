import { describe, expect, test, vi } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import { testDatabase } from '../testing/database.ts'
import { makeFlow, makeLimit } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'
import type { TakeSlots } from './slot-orders.ts'

const db = await testDatabase()
let ahead = 0
const engine = createEngine({ db, publish: () => {}, nowMicros: () => nowMicros() + ahead, dice: () => 0.5 })

const workspace = async () => (await makeFlow(db)).workspaceId

const order = (workspaceId: string, names: readonly string[], more: Partial<TakeSlots> = {}): TakeSlots => ({
  type: 'take',
  workspaceId,
  names,
  slots: 1,
  mode: 'concurrency',
  leaseSeconds: 60,
  holder: null,
  ...more,
})

const taken = async (limitId: string): Promise<number> =>
  (
    await db.engine<{ n: number }[]>`
    select coalesce(sum(slots), 0)::int as n from slot_leases
    where limit_id = ${limitId} and (expires_at is null or expires_at > now() + ${ahead / 1e6} * interval '1 second')`
  )[0]?.n ?? 0

async function granted(take: TakeSlots, by: Engine = engine): Promise<string> {
  const answer = await by.slots.take(take)
  if (answer.type !== 'granted') throw new Error(answer.type)
  return answer.leaseId
}
const end = (workspaceId: string, leaseId: string, by: Engine = engine) =>
  by.slots.settle({ type: 'end', workspaceId, leaseId })
const renew = async (workspaceId: string, leaseId: string) => {
  const answer = await engine.slots.settle({ type: 'renew', workspaceId, leaseId, seconds: 60 })
  return answer.type === 'renewed' && answer.alive
}

describe('slots', () => {
  test('are taken of several limits at once, or of none', async () => {
    const ws = await workspace()
    const [a, b] = [await makeLimit(db, ws, 'a', 2), await makeLimit(db, ws, 'b', 1)]
    const lease = await granted(order(ws, ['a', 'b', 'absent']))
    expect([await taken(a), await taken(b)]).toEqual([1, 1])
    const denied = await engine.slots.take(order(ws, ['b', 'a']))
    expect(denied).toMatchObject({
      type: 'denied',
      standing: { limitIds: [b] },
      retryAfterSeconds: expect.any(Number),
    })
    expect([await taken(a), await taken(b)]).toEqual([1, 1])
    await end(ws, lease)
    await end(ws, lease)
    expect([await taken(a), await taken(b)]).toEqual([0, 0])
  })

  test('of no limit, of a closed one, and of one that is off', async () => {
    const ws = await workspace()
    const [off, zero] = [await makeLimit(db, ws, 'off', 1), await makeLimit(db, ws, 'zero', 0)]
    await db.engine`update concurrency_limits set active = false where id = ${off}`
    const nothing = await engine.slots.take(order(ws, ['absent']))
    expect(nothing).toMatchObject({ type: 'granted', limits: [] })
    expect(nothing.type === 'granted' && (await renew(ws, nothing.leaseId))).toBe(true)
    expect(await engine.slots.take(order(ws, ['off'], { slots: 1 }))).toMatchObject({
      limits: [{ id: off, name: 'off', limit: 1 }],
    })
    expect(await taken(off)).toBe(0)
    await expect(engine.slots.take(order(ws, ['zero']))).rejects.toThrow(
      'Slots requested is greater than the limit',
    )
    await expect(engine.slots.take(order(ws, ['off', 'zero'], { mode: 'rate_limit' }))).rejects.toThrow(
      'no slot decay',
    )
    expect(await taken(zero)).toBe(0)
    const tag = order(ws, ['zero'], {
      once: true,
      holder: { type: 'task_run', id: uuidv7() },
      leaseSeconds: null,
    })
    expect(await engine.slots.take(tag)).toMatchObject({ type: 'denied', retryAfterSeconds: null })
  })

  test('of another tenant are others', async () => {
    const [ours, theirs] = [await workspace(), await workspace()]
    const limitId = await makeLimit(db, ours, 'same', 1)
    await makeLimit(db, theirs, 'same', 1)
    const lease = await granted(order(ours, ['same']))
    await granted(order(theirs, ['same']))
    await end(theirs, lease)
    expect([await taken(limitId), await renew(theirs, lease)]).toEqual([1, false])
  })

  test('are over when they are given back and renewed in the same moment', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'both', 1)
    const lease = await granted(order(ws, ['both']))
    const [, alive] = await Promise.all([end(ws, lease), renew(ws, lease)])
    expect([alive, await taken(limitId)]).toEqual([false, 0])
  })

  test('come back when the lease ends, and not before while it is renewed', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'lease', 1)
    const lease = await granted(order(ws, ['lease']))
    ahead = 50e6
    expect(await renew(ws, lease)).toBe(true)
    ahead = 100e6
    expect((await engine.slots.take(order(ws, ['lease']))).type).toBe('denied')
    ahead = 111e6
    const next = await granted(order(ws, ['lease']))
    expect([await renew(ws, lease), await taken(limitId)]).toEqual([false, 1])
    await end(ws, lease)
    expect(await taken(limitId)).toBe(1)
    await end(ws, next)
    ahead = 0
    expect(await taken(limitId)).toBe(0)
  })

  test('without a lease are held until given back, the latest first', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'loose', 5)
    const loose = (slots: number) => engine.slots.take(order(ws, ['loose'], { slots, leaseSeconds: null }))
    const give = (slots: number) =>
      engine.slots.settle({ type: 'give', workspaceId: ws, names: ['loose'], slots, occupancySeconds: 3 })
    await loose(3)
    await loose(2)
    ahead = 1e12
    expect((await loose(1)).type).toBe('denied')
    ahead = 0
    await give(3)
    expect(await taken(limitId)).toBe(2)
    // In one batch: what comes back first can be taken after.
    const both = await Promise.all([give(2), loose(5), give(1), loose(2)])
    expect(both.map(({ type }) => type)).toEqual(['given', 'granted', 'given', 'denied'])
    expect(await taken(limitId)).toBe(4)
    await give(100)
    expect(await taken(limitId)).toBe(0)
  })

  test('of a holder are one, however often it asks', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'tag:x', 2)
    const [one, two, three] = [uuidv7(), uuidv7(), uuidv7()]
    const take = (id: string) =>
      engine.slots.take(
        order(ws, ['tag:x'], { once: true, holder: { type: 'task_run', id }, leaseSeconds: null }),
      )
    const answers = await Promise.all([one, one, two, three, one].map(take))
    expect(answers.map(({ type }) => type)).toEqual(['granted', 'granted', 'granted', 'denied', 'granted'])
    expect(await taken(limitId)).toBe(2)
    const give = (holderId: string) =>
      engine.slots.settle({
        type: 'give-held',
        workspaceId: ws,
        names: ['tag:x'],
        holderId,
        occupancySeconds: null,
      })
    await Promise.all([give(one), give(one), give(three)])
    expect(await taken(limitId)).toBe(1)
    expect((await take(three)).type).toBe('granted')
  })

  test('that are taken without a lease while others give some back are counted once', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'old', 3)
    const take = () => engine.slots.take(order(ws, ['old'], { leaseSeconds: null }))
    const give = () =>
      engine.slots.settle({
        ...{ type: 'give', workspaceId: ws, names: ['old'], slots: 1, occupancySeconds: null },
      })
    await take()
    // In one batch: what comes back is what was taken last.
    expect((await Promise.all([take(), give()])).map(({ type }) => type)).toEqual(['granted', 'given'])
    expect(await taken(limitId)).toBe(1)
    await give()
    expect(await taken(limitId)).toBe(0)
  })

  test('that decay limit a rate', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'rate', 3, 2)
    const take = () => engine.slots.take(order(ws, ['rate'], { mode: 'rate_limit', leaseSeconds: null }))
    const first = await Promise.all([take(), take(), take(), take()])
    expect(first.map(({ type }) => type)).toEqual(['granted', 'granted', 'granted', 'denied'])
    ahead = 1.1e6
    const second = await Promise.all([take(), take(), take()])
    expect(second.map(({ type }) => type)).toEqual(['granted', 'granted', 'denied'])
    ahead = 60e6
    await take()
    const [rows] = await db.engine<
      { n: number }[]
    >`select count(*)::int as n from slot_leases where limit_id = ${limitId}`
    expect(rows?.n).toBe(1)
    ahead = 0
  })

  test('that were denied make the next one wait longer, and are forgotten', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'busy', 1)
    await granted(order(ws, ['busy']))
    const waits: number[] = []
    for (let n = 0; n < 4; n++) {
      const answer = await engine.slots.take(order(ws, ['busy']))
      if (answer.type === 'denied') waits.push(answer.retryAfterSeconds ?? 0)
    }
    expect([...waits].sort((a, b) => a - b)).toEqual(waits)
    const denied = async () =>
      (
        await db.engine<
          { deniedSlots: number }[]
        >`select denied_slots from concurrency_limits where id = ${limitId}`
      )[0]?.deniedSlots
    expect(await denied()).toBe(4)
    ahead = 30e6
    await engine.slots.take(order(ws, ['busy']))
    expect(await denied()).toBe(1)
    ahead = 0
  })
})

describe('who waits for a slot', () => {
  test('gets it when it is given back, the longest waiting first', async () => {
    const ws = await workspace()
    await makeLimit(db, ws, 'one', 1)
    const lease = await granted(order(ws, ['one']))
    const served: number[] = []
    const waiters = [0, 1, 2, 3].map(async (n) => {
      const answer = await engine.slots.take(order(ws, ['one']), 30)
      served.push(n)
      if (answer.type === 'granted') await end(ws, answer.leaseId)
      return answer.type
    })
    // All stand in line once an order that came after theirs is settled.
    await engine.slots.take(order(ws, ['one']))
    await end(ws, lease)
    expect(await Promise.all(waiters)).toEqual(['granted', 'granted', 'granted', 'granted'])
    expect(served).toEqual([0, 1, 2, 3])
  })

  test('is told of what came back in the very batch that refused it', async () => {
    const ws = await workspace()
    await makeLimit(db, ws, 'one', 1)
    const lease = await granted(order(ws, ['one']))
    // It never looks again by itself.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const waiting = engine.slots.take(order(ws, ['one']), 30)
      await end(ws, lease)
      expect((await waiting).type).toBe('granted')
    } finally {
      vi.useRealTimers()
    }
  })

  test('is out of the line as soon as it is gone: the next in it gets the slot', async () => {
    const ws = await workspace()
    const limitId = await makeLimit(db, ws, 'one', 1)
    const lease = await granted(order(ws, ['one']))
    const gone = new AbortController()
    const left = engine.slots.take(order(ws, ['one'], { signal: gone.signal }), 30)
    const stays = engine.slots.take(order(ws, ['one']), 30)
    await engine.slots.take(order(ws, ['one']))
    gone.abort()
    expect(await left).toEqual({ type: 'withdrawn' })
    await end(ws, lease)
    expect((await stays).type).toBe('granted')
    expect(await taken(limitId)).toBe(1)
  })

  test.each([null, 60])(
    'and is gone before it is answered holds nothing (lease: %j s)',
    async (leaseSeconds) => {
      const ws = await workspace()
      const limitId = await makeLimit(db, ws, 'one', 1)
      const take = (signal: AbortSignal) => engine.slots.take(order(ws, ['one'], { leaseSeconds, signal }))
      const early = new AbortController()
      const asked = take(early.signal)
      early.abort()
      expect([await asked, await taken(limitId)]).toEqual([{ type: 'withdrawn' }, 0])
      // While its slot is being written: too late to decide otherwise.
      const late = new AbortController()
      const { options } = db.engine
      options.debug = (_connection, statement) => {
        if (statement.includes('insert into slot_leases')) late.abort()
      }
      const answer = await take(late.signal)
      options.debug = false
      expect([late.signal.aborted, answer, await taken(limitId)]).toEqual([true, { type: 'withdrawn' }, 0])
      // Or when the answer is on its way to it.
      const last = new AbortController()
      expect((await take(last.signal)).type).toBe('granted')
      const back = new Promise((resolve) => engine.signals.on('slots-free', resolve))
      last.abort()
      expect([await back, await taken(limitId)]).toEqual([
        { type: 'slots-free', workspaceId: ws, limitId, slots: 1, next: [] },
        0,
      ])
    },
  )

  test('is told when nothing came free in time', async () => {
    const ws = await workspace()
    await makeLimit(db, ws, 'one', 1)
    await granted(order(ws, ['one']))
    expect((await engine.slots.take(order(ws, ['one']), 0.05)).type).toBe('denied')
  })
})

test('200 clients on three engines, a third of which die, never take more than there is, and leave nothing behind', {
  timeout: 60_000,
}, async () => {
  const ws = await workspace()
  const limitIds = [await makeLimit(db, ws, 'many', 20), await makeLimit(db, ws, 'few', 5)]
  let shift = 0
  const clock = () => nowMicros() + shift
  const others = [0, 1].map(() => connectDatabase({ url: db.url, poolSize: 2 }))
  const engines = [db, ...others].map((own) => createEngine({ db: own, publish: () => {}, nowMicros: clock }))
  let died = 0
  let served = 0
  const client = async (n: number): Promise<void> => {
    const its = engines[n % engines.length] ?? engine
    for (let round = 0; round < 4; ) {
      const names = n % 3 === 0 ? ['few', 'many'] : ['many']
      const answer = await its.slots.take(order(ws, names, { slots: 1 + (n % 2) }))
      if (answer.type !== 'granted') {
        // Time passes only for those who are refused: it ends the leases of the dead.
        shift += 1e5
        continue
      }
      served++
      if ((n + round++) % 3 === 0) died++
      else await end(ws, answer.leaseId, its)
    }
  }
  // An auditor of its own looks all the while, in one snapshot each time.
  let busy = true
  const auditor = (async () => {
    while (busy) {
      const rows = await db.engine<{ slots: number; slotLimit: number }[]>`
        select l.slot_limit, coalesce(sum(s.slots), 0)::int as slots
        from concurrency_limits l left join slot_leases s on s.limit_id = l.id where l.workspace_id = ${ws} group by l.id, l.slot_limit`
      for (const row of rows) expect(row.slots).toBeLessThanOrEqual(row.slotLimit)
    }
  })()
  await Promise.all(Array.from({ length: 200 }, (_, n) => client(n)))
  busy = false
  await auditor
  expect([served, died]).toEqual([800, 267])
  shift += 3_600e6
  const answer = await engines[0]?.slots.take(order(ws, ['many', 'few'], { slots: 5 }))
  expect(answer?.type).toBe('granted')
  if (answer?.type === 'granted') await end(ws, answer.leaseId, engines[0])
  expect(await Promise.all(limitIds.map(taken))).toEqual([0, 0])
  await Promise.all(others.map((other) => other.close()))
})
