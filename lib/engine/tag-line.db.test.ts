import { expect, test } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import type { StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { repossessSlots } from '../services/repossess-slots.ts'
import { afterFile } from '../testing/cleanup.ts'
import { testDatabase } from '../testing/database.ts'
import { joinEngines } from '../testing/join-engines.ts'
import { makeFlow, makeLimit, newRun, newTaskRun, proposed } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'

// Task runs that the server orchestrates stand in the lines of their tags' limits as orders for slots do, on whichever replica.

const db = await testDatabase()
const other = connectDatabase({ url: db.url, poolSize: 2 })
afterFile(() => other.close())
let ahead = 0
const clock = () => nowMicros() + ahead
const here = createEngine({ db, publish: () => {}, nowMicros: clock })
const there = createEngine({ db: other, publish: () => {}, nowMicros: clock })
const wire = joinEngines(here, there)
afterFile(async () => {
  await Promise.all([here.drain(), there.drain()])
})

let made = 0
/** A flow run whose tasks carry a tag with a limit of one slot. */
async function tagged() {
  const flow = await makeFlow(db)
  const { workspaceId } = flow
  const limitId = await makeLimit(db, workspaceId, 'tag:gpu', 1)
  const { row } = await here.createFlowRun(newRun(flow, { state: proposed('RUNNING') }))
  return {
    limitId,
    task: async () => {
      const dynamicKey = String(made++)
      return (await here.createTaskRun(newTaskRun(flow, row.id, { dynamicKey, tags: ['gpu'] }))).row.id
    },
    set: (by: Engine, runId: string, type: StateType, gone?: () => AbortSignal) =>
      by.setTaskRunState(
        {
          workspaceId,
          runId,
          state: proposed(type),
          policy: 'core',
          client: { apiVersion: [0, 8, 4], clientVersion: '2.20.0' },
        },
        gone,
      ),
    take: async (by: Engine) => {
      const answer = await by.slots.take(
        {
          type: 'take',
          workspaceId,
          names: ['tag:gpu'],
          slots: 1,
          mode: 'concurrency',
          leaseSeconds: 600,
          holder: null,
        },
        20,
      )
      if (answer.type !== 'granted') throw new Error(answer.type)
      return () => by.slots.settle({ type: 'end', workspaceId, leaseId: answer.leaseId })
    },
    line: () => db.engine<{ holderId: string | null; since: string; asksAgainAt: string | null }[]>`
      select holder_id, since, asks_again_at from slot_waiters
      where limit_id = ${limitId} and lapses_at > ${formatInstant(clock())} order by since, id`,
  }
}

test('is served in its place when it asks again, however many open requests came after it', async () => {
  const { task, set, take, line } = await tagged()
  const giveBack = await take(here)
  const [old, young] = [await task(), await task()]
  expect((await set(here, old, 'RUNNING')).verdict).toBe('WAIT')
  const [place] = await line()
  expect(place).toMatchObject({ holderId: old, asksAgainAt: expect.any(String) })
  // A stream of them, each with the next behind it: the slot is never free for whoever comes and looks.
  const stream = Array.from({ length: 3 }, () => take(here).then((give) => give()))
  await expect.poll(async () => (await line()).length).toBe(4)
  const answers = [set(there, old, 'RUNNING'), set(there, young, 'RUNNING')]
  await expect
    .poll(async () => (await line()).at(0))
    .toMatchObject({ holderId: old, since: place?.since, asksAgainAt: null })
  // Who came last is told to ask later, as before: nobody came after it.
  expect((await answers[1])?.verdict).toBe('WAIT')
  await giveBack()
  expect((await answers[0])?.verdict).toBe('ACCEPT')
  expect((await line()).some(({ holderId }) => holderId === old)).toBe(false)
  await set(there, old, 'COMPLETED')
  await Promise.all(stream)
})

test('takes what is free when it comes back, but not what is kept for those before it', async () => {
  const { task, set, take, line } = await tagged()
  const giveBack = await take(here)
  const first = take(there)
  await expect.poll(async () => (await line()).length).toBe(1)
  const run = await task()
  expect((await set(here, run, 'RUNNING')).verdict).toBe('WAIT')
  wire.areConnected = false
  await giveBack()
  wire.areConnected = true
  // Nobody has told the other replica.
  expect((await set(here, run, 'RUNNING')).verdict).toBe('WAIT')
  there.slots.wake(null)
  const its = await first
  await its()
  expect((await set(there, run, 'RUNNING')).verdict).toBe('ACCEPT')
  expect(await line()).toEqual([])
})

test('does not begin for whoever is gone, and leaves what was kept for it to those behind', async () => {
  const { task, set, take, line, limitId } = await tagged()
  const giveBack = await take(here)
  const run = await task()
  await set(here, run, 'RUNNING')
  const behind = take(here)
  await expect.poll(async () => (await line()).length).toBe(2)
  const gone = new AbortController()
  const asking = set(here, run, 'RUNNING', () => gone.signal)
  await expect.poll(async () => (await line()).at(0)).toMatchObject({ holderId: run, asksAgainAt: null })
  gone.abort()
  expect(await asking).toMatchObject({ verdict: 'WAIT', written: false })
  expect((await line()).map(({ holderId }) => holderId)).toEqual([null])
  await giveBack()
  await behind
  expect(await db.engine`select holder_type from slot_leases where limit_id = ${limitId}`).toEqual([
    { holderType: 'client' },
  ])
})

test('loses its place when it does not come back, also where it ended meanwhile', async () => {
  const { task, set, take, line } = await tagged()
  const giveBack = await take(here)
  const [lost, ended, late] = [await task(), await task(), await task()]
  for (const run of [lost, ended]) await set(here, run, 'RUNNING')
  await set(here, ended, 'CANCELLED')
  expect(await line()).toHaveLength(2)
  ahead = 60e6
  expect(await line()).toEqual([])
  await repossessSlots.runOnce({ db, engine: here, nowMicros: clock })
  expect((await set(here, late, 'RUNNING')).verdict).toBe('WAIT')
  expect((await set(here, lost, 'RUNNING')).verdict).toBe('WAIT')
  expect((await line()).map(({ holderId }) => holderId)).toEqual([late, lost])
  ahead = 0
  await giveBack()
})

test('all begin in the end, while others take and give back the slot without a pause, and never two at once', async () => {
  const { task, set, take, limitId, line } = await tagged()
  let left = 12
  let most = 0
  const look = async (): Promise<void> => {
    const [row] = await db.engine<{ held: number }[]>`
      select count(*)::int as held from slot_leases where limit_id = ${limitId}`
    most = Math.max(most, row?.held ?? 0)
  }
  const stream = async (by: Engine): Promise<void> => {
    while (left > 0) {
      const giveBack = await take(by)
      await look()
      await giveBack()
    }
  }
  const run = async (n: number): Promise<void> => {
    const id = await task()
    // On whichever replica asks next; the server keeps the request where the others would always be quicker.
    for (let tries = n; (await set(tries % 2 ? here : there, id, 'RUNNING')).verdict !== 'ACCEPT'; tries++)
      await look()
    await set(n % 2 ? there : here, id, 'COMPLETED')
    left--
  }
  await Promise.all([
    ...[here, there, here, there].map(stream),
    ...Array.from({ length: left }, (_, n) => run(n)),
  ])
  expect(most).toBe(1)
  expect(await db.engine`select id from slot_leases where limit_id = ${limitId}`).toEqual([])
  expect(await line()).toEqual([])
})
