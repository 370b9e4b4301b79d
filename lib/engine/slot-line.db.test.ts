import { expect, test } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import { formatInstant } from '../domain/time.ts'
import { repossessSlots } from '../services/repossess-slots.ts'
import { afterFile } from '../testing/cleanup.ts'
import { testDatabase } from '../testing/database.ts'
import { joinEngines } from '../testing/join-engines.ts'
import { statementsDuring } from '../testing/statements.ts'
import { makeDeployment, makeFlow, makeLimit, newRun, newTaskRun, proposed } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'
import type { TakeSlots } from './slot-orders.ts'
import { freeSignals } from './slot-signals.ts'

// One line for all replicas. `here` and `there` are two of them, which tell each other of slots that came free.

const db = await testDatabase()
const other = connectDatabase({ url: db.url, poolSize: 2 })
afterFile(() => other.close())
let ahead = 0
const clock = () => nowMicros() + ahead
const here = createEngine({ db, publish: () => {}, nowMicros: clock })
const there = createEngine({ db: other, publish: () => {}, nowMicros: clock })

const wire = joinEngines(here, there)

const workspace = async () => (await makeFlow(db)).workspaceId
const order = (workspaceId: string, names: readonly string[], more: Partial<TakeSlots> = {}): TakeSlots => ({
  type: 'take',
  workspaceId,
  names,
  slots: 1,
  mode: 'concurrency',
  leaseSeconds: 600,
  holder: null,
  ...more,
})
async function granted(answer: ReturnType<Engine['slots']['take']>): Promise<string> {
  const given = await answer
  if (given.type !== 'granted') throw new Error(given.type)
  return given.leaseId
}
const end = (workspaceId: string, leaseId: string, by: Engine = here) =>
  by.slots.settle({ type: 'end', workspaceId, leaseId })
const lineOf = (limitId: string) => db.engine<
  { id: string; holderId: string | null; since: string; asksAgainAt: string | null }[]
>`
  select id, holder_id, since, asks_again_at from slot_waiters where limit_id = ${limitId} and lapses_at > ${formatInstant(clock())} order by since, id`
const lengthOf = async (limitId: string) => (await lineOf(limitId)).length

test('slots go to whoever came first, on whichever replica', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  const served: number[] = []
  const waiters: Promise<void>[] = []
  for (let n = 0; n < 12; n++) {
    const by = n % 3 === 0 ? here : there
    waiters.push(
      granted(by.slots.take(order(ws, ['one']), 30)).then((leaseId) => {
        served.push(n)
        return end(ws, leaseId, by).then(() => {})
      }),
    )
    await expect.poll(() => lengthOf(limitId)).toBe(n + 1)
  }
  await end(ws, lease)
  await Promise.all(waiters)
  expect(served).toEqual([...served.keys()])
  expect(await lengthOf(limitId)).toBe(0)
})

test('what comes free is kept for whoever waits on another replica, and is nobody else’s', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  const waiting = there.slots.take(order(ws, ['one']), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(1)
  wire.areConnected = false
  // In the very batch in which it comes back.
  const [, newcomer] = await Promise.all([end(ws, lease), here.slots.take(order(ws, ['one']))])
  wire.areConnected = true
  expect(newcomer.type).toBe('denied')
  there.slots.wake(ws)
  await granted(waiting)
})

test('an order for many slots is not overtaken by small ones', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'three', 3)
  const leases = await Promise.all([1, 2, 3].map(() => granted(here.slots.take(order(ws, ['three'])))))
  const big = there.slots.take(order(ws, ['three'], { slots: 3 }), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(1)
  for (const [n, lease] of leases.entries()) {
    await end(ws, lease)
    if (n < 2) expect((await here.slots.take(order(ws, ['three']))).type).toBe('denied')
  }
  await granted(big)
})

test('who gets its slots at once is in no line, and costs no statement for it', async () => {
  const ws = await workspace()
  await makeLimit(db, ws, 'free', 5)
  const take = (engine: Engine, sql: typeof db.engine, waitSeconds: number) =>
    statementsDuring(sql, () =>
      engine.slots.take(order(ws, ['free'], { holder: { type: 'flow_run', id: uuidv7() } }), waitSeconds),
    )
  const statements = await take(here, db.engine, 0)
  expect(statements).toHaveLength(6)
  expect(statements.filter((text) => /(insert into|delete from) slot_waiters/.test(text))).toEqual([])
  expect(await take(here, db.engine, 30)).toHaveLength(6)
})

test('what comes back goes on to the next in line in the same transaction, where it waits on the same replica', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  const waiting = here.slots.take(order(ws, ['one']), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(1)
  const statements = await statementsDuring(db.engine, () => Promise.all([end(ws, lease), granted(waiting)]))
  expect(statements.filter((text) => text === 'begin')).toHaveLength(1)
  expect(await lengthOf(limitId)).toBe(0)
})

test('who waits for several limits is served in passing where all of them are looked at, and asks by itself where not', async () => {
  const ws = await workspace()
  const limitIds = [await makeLimit(db, ws, 'a', 1), await makeLimit(db, ws, 'b', 1)]
  for (const held of [['a', 'b'], ['a']]) {
    const lease = await granted(here.slots.take(order(ws, held)))
    const waiting = here.slots.take(order(ws, ['a', 'b']), 30)
    await expect.poll(() => lengthOf(limitIds[0] ?? '')).toBe(1)
    const statements = await statementsDuring(db.engine, async () => {
      const both = end(ws, lease)
      await end(ws, await granted(waiting))
      await both
    })
    expect(statements.filter((text) => text === 'begin')).toHaveLength(held.length === 2 ? 2 : 3)
  }
  expect(await db.engine`select id from slot_leases where workspace_id = ${ws}`).toEqual([])
})

test('a lease that is given back when it has just run out wakes the next in line all the same', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'], { leaseSeconds: 60 })))
  const id = uuidv7()
  await db.engine`
    insert into slot_waiters (workspace_id, limit_id, id, slots, holder_type, since, lapses_at)
    values (${ws}, ${limitId}, ${id}, 1, 'client', now(), now() + interval '1 hour')`
  const told = new Promise((resolve) => here.signals.on('slots-free', resolve))
  ahead = 61e6
  await end(ws, lease)
  ahead = 0
  expect(await told).toMatchObject({ limitId, next: [id] })
})

test('who waits on a replica that was killed stands in nobody’s way for long', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  // As a replica left it that renewed it just now.
  await db.engine`
    insert into slot_waiters (workspace_id, limit_id, id, slots, holder_type, since, lapses_at)
    values (${ws}, ${limitId}, ${uuidv7()}, 1, 'client', now() - interval '1 minute', now() + interval '5 seconds')`
  expect((await here.slots.take(order(ws, ['one']))).type).toBe('denied')
  ahead = 6e6
  await granted(here.slots.take(order(ws, ['one'])))
  const { counts } = await repossessSlots.runOnce({ db, engine: here, nowMicros: clock })
  ahead = 0
  expect(counts.waiters).toBeGreaterThan(0)
  expect(await db.engine`select id from slot_waiters where limit_id = ${limitId}`).toEqual([])
})

/** As a replica left it that was killed: nobody will ever come for what is kept for it. */
const standsOnADeadReplica = async (ws: string, limitId: string, slots = 1) => {
  await db.engine`
    insert into slot_waiters (workspace_id, limit_id, id, slots, holder_type, since, lapses_at)
    values (${ws}, ${limitId}, ${uuidv7()}, ${slots}, 'client', now() - interval '1 minute', now() + interval '1 hour')`
}

test.each([
  ['given back', (ws: string, lease: string) => end(ws, lease)],
  [
    'given back by a transition, which does not look who is next',
    async (ws: string, lease: string) => {
      const [gone] = await db.engine<{ limitId: string }[]>`
        delete from slot_leases where workspace_id = ${ws} and id = ${lease} returning limit_id`
      here.signals.emit(freeSignals({ workspaceId: ws, limitId: gone?.limitId ?? '' }, 1))
    },
  ],
])('a slot that is %s passes over who waits on a replica that is gone', async (_, giveBack) => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  for (const _ of [1, 2]) await standsOnADeadReplica(ws, limitId)
  const waiting = [here, there].map((by) =>
    by.slots.take(order(ws, ['one']), 30).then((answer) => ({ by, answer })),
  )
  await expect.poll(() => lengthOf(limitId)).toBe(4)
  await giveBack(ws, lease)
  const { by, answer } = await Promise.race(waiting)
  expect(answer.type).toBe('granted')
  if (answer.type === 'granted') await end(ws, answer.leaseId, by)
  for (const { answer } of await Promise.all(waiting)) expect(answer.type).toBe('granted')
})

test('a run that waits for its deployment is due when those before it do not come for what came free', async () => {
  const flow = await makeFlow(db)
  const ws = flow.workspaceId
  const limitId = await makeLimit(db, ws, 'one', 1)
  const deploymentId = await makeDeployment(db, flow, { limitId })
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  await standsOnADeadReplica(ws, limitId)
  const { row } = await here.createFlowRun(newRun(flow, { deploymentId, state: proposed('SCHEDULED') }))
  const claim = () =>
    here.setFlowRunState({
      workspaceId: ws,
      runId: row.id,
      state: proposed('PENDING'),
      policy: 'core',
      client: { apiVersion: [0, 8, 4], clientVersion: '3.8.8' },
    })
  expect((await claim()).state?.name).toBe('AwaitingConcurrencySlot')
  const due = new Promise((resolve) =>
    here.signals.on('due', (signal) => signal.deploymentId === deploymentId && resolve(signal)),
  )
  await end(ws, lease)
  await due
  expect((await claim()).state?.type).toBe('PENDING')
})

test('who goes away leaves the line, and those behind get what was kept for it', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'three', 3)
  const lease = await granted(here.slots.take(order(ws, ['three'], { slots: 2 })))
  const gone = new AbortController()
  const big = there.slots.take(order(ws, ['three'], { slots: 3, signal: gone.signal }), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(1)
  const small = here.slots.take(order(ws, ['three']), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(2)
  gone.abort()
  expect([(await big).type, (await small).type]).toEqual(['withdrawn', 'granted'])
  expect(await lengthOf(limitId)).toBe(0)
  await end(ws, lease)
})

test('who is told to ask again finds its place again, and is not passed over by those who keep their requests open', async () => {
  const ws = await workspace()
  const limitId = await makeLimit(db, ws, 'one', 1)
  const lease = await granted(here.slots.take(order(ws, ['one'])))
  const holder = { type: 'flow_run', id: uuidv7() } as const
  const ask = (by: Engine, waitSeconds = 0) => by.slots.take(order(ws, ['one'], { holder }), waitSeconds)
  // However it asks, by whatever replica: since is when it came.
  expect((await ask(here)).type).toBe('denied')
  const [first] = await lineOf(limitId)
  expect(first).toMatchObject({ id: holder.id, holderId: holder.id, asksAgainAt: expect.any(String) })
  expect((await ask(there, 0.01)).type).toBe('denied')
  expect(await lineOf(limitId)).toMatchObject([{ id: holder.id, since: first?.since }])

  const late = here.slots.take(order(ws, ['one']), 30)
  await expect.poll(() => lengthOf(limitId)).toBe(2)
  const again = ask(there)
  await expect
    .poll(async () => (await lineOf(limitId))[0])
    .toMatchObject({ holderId: holder.id, asksAgainAt: null })
  expect((await lineOf(limitId))[0]?.since).toBe(first?.since)
  await end(ws, lease)
  const its = await granted(again)
  expect(await lineOf(limitId)).toMatchObject([{ holderId: null }])
  await end(ws, its, there)
  await granted(late)
})

test('who waits for two limits keeps neither idle for as long as the other is full, and is never starved', async () => {
  const ws = await workspace()
  const [quick, slow] = [await makeLimit(db, ws, 'quick', 1), await makeLimit(db, ws, 'slow', 1)]
  const held = await granted(here.slots.take(order(ws, ['slow'])))
  const both = there.slots.take(order(ws, ['slow', 'quick']), 30)
  await expect.poll(() => lengthOf(slow)).toBe(1)
  expect(await lengthOf(quick)).toBe(0)
  const passing = await granted(here.slots.take(order(ws, ['quick'])))
  await end(ws, held)
  // Now the other one refuses it: it is in that line too, and keeps its place in the first.
  await expect.poll(() => lengthOf(quick)).toBe(1)
  expect((await here.slots.take(order(ws, ['slow']))).type).toBe('denied')
  await end(ws, passing)
  await granted(both)
  expect([await lengthOf(quick), await lengthOf(slow)]).toEqual([0, 0])
})

test('orders for several limits in whatever order never wait for each other', async () => {
  const ws = await workspace()
  for (const name of ['a', 'b', 'c']) await makeLimit(db, ws, name, 2)
  const wanted = [['a', 'b'], ['b', 'c'], ['c', 'a'], ['a', 'b', 'c'], ['b']]
  const client = async (n: number): Promise<void> => {
    const by = n % 2 === 0 ? here : there
    for (let round = 0; round < 4; round++) {
      const names = wanted[(n + round) % wanted.length] ?? []
      await end(ws, await granted(by.slots.take(order(ws, names, { slots: 1 + (n % 2) }), 30)), by)
    }
  }
  await Promise.all(Array.from({ length: 30 }, (_, n) => client(n)))
  expect(await db.engine`select id from slot_leases where workspace_id = ${ws}`).toEqual([])
  expect(await db.engine`select id from slot_waiters where workspace_id = ${ws}`).toEqual([])
})

test('slots that come back at a rate are had as soon as they are there', async () => {
  const ws = await workspace()
  await makeLimit(db, ws, 'rate', 1, 50)
  const take = (by: Engine) =>
    by.slots.take(order(ws, ['rate'], { mode: 'rate_limit', leaseSeconds: null }), 10)
  // All come within a second. If each only looked once a second, the most of them would not get one in time.
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => take(n % 2 ? here : there)))
  expect(new Set(answers.map(({ type }) => type))).toEqual(new Set(['granted']))
})

test('a task run that is told to wait for its tag stands in the line of it until it begins', async () => {
  const flow = await makeFlow(db)
  const limitId = await makeLimit(db, flow.workspaceId, 'tag:gpu', 1)
  const run = await here.createFlowRun(newRun(flow, { state: proposed('RUNNING') }))
  const [one, two] = await Promise.all(
    ['1', '2'].map((dynamicKey) =>
      here.createTaskRun(newTaskRun(flow, run.row.id, { dynamicKey, tags: ['gpu'] })),
    ),
  )
  const set = (id: string | undefined, type: 'RUNNING' | 'COMPLETED') =>
    here.setTaskRunState({
      workspaceId: flow.workspaceId,
      runId: id ?? '',
      state: proposed(type),
      policy: 'core',
      client: { apiVersion: [0, 8, 4], clientVersion: '2.20.0' },
    })
  await set(one?.row.id, 'RUNNING')
  expect((await set(two?.row.id, 'RUNNING')).verdict).toBe('WAIT')
  const [place] = await lineOf(limitId)
  expect(place).toMatchObject({ id: two?.row.id, holderId: two?.row.id, asksAgainAt: expect.any(String) })
  await set(two?.row.id, 'RUNNING')
  expect(await lineOf(limitId)).toMatchObject([{ id: two?.row.id, since: place?.since }])
  await set(one?.row.id, 'COMPLETED')
  expect((await set(two?.row.id, 'RUNNING')).verdict).toBe('ACCEPT')
  expect(await lineOf(limitId)).toEqual([])
})
