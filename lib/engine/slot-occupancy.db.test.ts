import { expect, test } from 'vitest'
import { uuidv7 } from '../db/uuid.ts'
import type { RawJson } from '../domain/state.ts'
import { testDatabase } from '../testing/database.ts'
import { anyClient, makeDeployment, makeFlow, makeLimit, newRun, proposed } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { TakeSlots } from './slot-orders.ts'

// However slots come back, the average of their limit learns how long they were held: it begins at 2 s, and of a limit of one slot
// the next one counts for half.

const db = await testDatabase()
let now = nowMicros()
const later = (seconds: number): void => {
  now += seconds * 1e6
}
const engine = createEngine({ db, publish: () => {}, nowMicros: () => now })

const averageOf = async (limitId: string): Promise<number | undefined> =>
  (
    await db.engine<
      { average: number }[]
    >`select average_occupancy_seconds as average from concurrency_limits where id = ${limitId}`
  )[0]?.average
const takeOf = (workspaceId: string, name: string, more: Partial<TakeSlots> = {}) =>
  engine.slots.take({
    type: 'take',
    workspaceId,
    names: [name],
    slots: 1,
    mode: 'concurrency',
    leaseSeconds: 60,
    holder: null,
    ...more,
  })

test('a run that leaves Running tells how long it had a slot of its deployment', async () => {
  const flow = await makeFlow(db)
  const limitId = await makeLimit(db, flow.workspaceId, 'deployment:x', 1)
  const deploymentId = await makeDeployment(db, flow, { limitId })
  const { row } = await engine.createFlowRun(newRun(flow, { deploymentId, state: proposed('SCHEDULED') }))
  const set = (type: 'PENDING' | 'RUNNING' | 'COMPLETED') =>
    engine.setFlowRunState({
      workspaceId: flow.workspaceId,
      runId: row.id,
      state: proposed(type),
      policy: 'core',
      client: { apiVersion: [0, 8, 4], clientVersion: '3.8.8' },
    })
  await set('PENDING')
  later(2)
  await set('RUNNING')
  later(8)
  await set('COMPLETED')
  await expect.poll(() => averageOf(limitId)).toBeCloseTo(6)
})

test('a task run tells the limits of its tags', async () => {
  const flow = await makeFlow(db)
  const { workspaceId } = flow
  const limits = [await makeLimit(db, workspaceId, 'tag:a', 1), await makeLimit(db, workspaceId, 'tag:b', 1)]
  const run = await engine.createFlowRun(newRun(flow, { state: proposed('RUNNING') }))
  const { row } = await engine.createTaskRun({
    workspaceId,
    id: null,
    flowRunId: run.row.id,
    taskKey: 'task',
    dynamicKey: '0',
    name: null,
    taskVersion: null,
    cacheKey: null,
    cacheExpirationMicros: null,
    empiricalPolicy: {},
    tags: ['a', 'b'],
    labels: {},
    taskInputs: '{}' as RawJson,
    state: null,
    client: anyClient,
  })
  const set = (type: 'RUNNING' | 'FAILED') =>
    engine.setTaskRunState({
      workspaceId,
      runId: row.id,
      state: proposed(type),
      policy: 'core',
      client: { apiVersion: [0, 8, 4], clientVersion: '2.20.0' },
    })
  await set('RUNNING')
  later(4)
  await set('FAILED')
  await expect.poll(() => Promise.all(limits.map(averageOf))).toEqual([3, 3])
})

test('a lease that ran out was held until then, whenever that is noticed', async () => {
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'lapsed', 1)
  await takeOf(workspaceId, 'lapsed')
  later(3_600)
  expect((await takeOf(workspaceId, 'lapsed')).type).toBe('granted')
  expect(await averageOf(limitId)).toBe(31)
  // Where slots come back by themselves nobody holds them.
  const rateId = await makeLimit(db, workspaceId, 'rate', 1, 1)
  await takeOf(workspaceId, 'rate', { leaseSeconds: null })
  later(3_600)
  await takeOf(workspaceId, 'rate', { leaseSeconds: null })
  expect(await averageOf(rateId)).toBe(2)
})

test('a lease that is ended, and what a holder gives back, tell at once', async () => {
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'one', 1)
  const lease = await takeOf(workspaceId, 'one')
  later(10)
  if (lease.type === 'granted')
    await engine.slots.settle({ type: 'end', workspaceId, leaseId: lease.leaseId })
  expect(await averageOf(limitId)).toBe(6)
  const holder = { type: 'task_run', id: uuidv7() } as const
  await takeOf(workspaceId, 'one', { holder, once: true, leaseSeconds: null })
  later(2)
  await engine.slots.settle({
    type: 'give-held',
    workspaceId,
    names: ['one'],
    holderId: holder.id,
    occupancySeconds: null,
  })
  expect(await averageOf(limitId)).toBe(4)
})

test('slots that were denied are forgotten though others are given back all the while', async () => {
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'busy', 2)
  await takeOf(workspaceId, 'busy', { leaseSeconds: null })
  const deniedOf = async () =>
    (await db.engine`select denied_slots from concurrency_limits where id = ${limitId}`)[0]?.deniedSlots
  const lease = async () => {
    const answer = await takeOf(workspaceId, 'busy')
    if (answer.type !== 'granted') throw new Error(answer.type)
    return answer.leaseId
  }
  let held = await lease()
  for (let n = 0; n < 3; n++) await takeOf(workspaceId, 'busy')
  expect(await deniedOf()).toBe(3)
  for (let n = 0; n < 40; n++) {
    later(0.5)
    await engine.slots.settle({ type: 'end', workspaceId, leaseId: held })
    held = await lease()
  }
  expect(await deniedOf()).toBe(0)
})
