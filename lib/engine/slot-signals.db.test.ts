import { expect, test } from 'vitest'
import type { StateType } from '../domain/state.ts'
import { repossessSlots } from '../services/repossess-slots.ts'
import { afterFile } from '../testing/cleanup.ts'
import { testDatabase } from '../testing/database.ts'
import {
  makeDeployment,
  makeFlow,
  makeLimit,
  newRun,
  newTaskRun,
  proposed,
  type TestFlow,
} from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { TakeSlots } from './slot-orders.ts'

// Whatever moves the slots of a limit or those who wait for them says so, that pages which show them are told.

const db = await testDatabase()
let ahead = 0
const engine = createEngine({ db, publish: () => {}, nowMicros: () => nowMicros() + ahead })
// How long slots were held is recorded by itself.
afterFile(() => engine.drain())

/** The limits that were said to have moved since this was asked last. */
function moved(workspaceId: string): () => readonly string[] {
  let limits: string[] = []
  engine.signals.on('slots-moved', (signal) => {
    if (signal.workspaceId === workspaceId) limits.push(signal.limitId)
  })
  return () => {
    const said = [...new Set(limits)]
    limits = []
    return said
  }
}

const set = (flow: TestFlow, runId: string, type: StateType) =>
  engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type),
    policy: 'core',
    client: { apiVersion: [0, 8, 4], clientVersion: '3.8.8' },
  })

test('a run that takes, waits for, or gives back its slot of its deployment', async () => {
  const flow = await makeFlow(db)
  const limitId = await makeLimit(db, flow.workspaceId, 'deployment:x', 1)
  const deploymentId = await makeDeployment(db, flow, { limitId })
  const run = async (id: string | null) =>
    (await engine.createFlowRun(newRun(flow, { deploymentId: id, state: proposed('SCHEDULED') }))).row.id
  const said = moved(flow.workspaceId)
  const [one, two, free] = [await run(deploymentId), await run(deploymentId), await run(null)]
  expect(said()).toEqual([])
  await set(flow, one, 'PENDING')
  expect(said()).toEqual([limitId])
  await set(flow, one, 'RUNNING')
  expect(said()).toEqual([])
  expect((await set(flow, two, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
  expect(said()).toEqual([limitId])
  await set(flow, two, 'CANCELLED')
  expect(said()).toEqual([limitId])
  await set(flow, one, 'COMPLETED')
  expect(said()).toEqual([limitId])
  await set(flow, free, 'PENDING')
  expect(said()).toEqual([])
})

test('a task run that takes, waits for, or gives back a slot of its tag', async () => {
  const flow = await makeFlow(db)
  const limitId = await makeLimit(db, flow.workspaceId, 'tag:gpu', 1)
  const flowRun = await engine.createFlowRun(newRun(flow, { state: proposed('RUNNING') }))
  const [one, two] = await Promise.all(
    ['1', '2'].map((dynamicKey) =>
      engine.createTaskRun(newTaskRun(flow, flowRun.row.id, { dynamicKey, tags: ['gpu'] })),
    ),
  )
  const said = moved(flow.workspaceId)
  const setTask = async (id: string | undefined, type: StateType) => {
    await engine.setTaskRunState({
      workspaceId: flow.workspaceId,
      runId: id ?? '',
      state: proposed(type),
      policy: 'core',
      client: { apiVersion: [0, 8, 4], clientVersion: '2.20.0' },
    })
    return said()
  }
  expect(await setTask(one?.row.id, 'RUNNING')).toEqual([limitId])
  expect(await setTask(two?.row.id, 'RUNNING')).toEqual([limitId])
  expect(await setTask(one?.row.id, 'COMPLETED')).toEqual([limitId])
  expect(await setTask(two?.row.id, 'COMPLETED')).toEqual([])
})

test('a lease that ran out, whoever comes upon it, and a place in line whose holder did not come back', async () => {
  const flow = await makeFlow(db)
  const { workspaceId } = flow
  const limitId = await makeLimit(db, workspaceId, 'one', 1)
  const deploymentId = await makeDeployment(db, flow, { limitId })
  const said = moved(workspaceId)
  const take = (more: Partial<TakeSlots> = {}) =>
    engine.slots.take({
      ...{ type: 'take', workspaceId, names: ['one'], slots: 1, mode: 'concurrency', leaseSeconds: 60 },
      ...{ holder: null, ...more },
    })
  const sweep = () => repossessSlots.runOnce({ db, engine, nowMicros: () => nowMicros() + ahead })
  await take()
  await take({ holder: { type: 'flow_run', id: flow.flowId } })
  await expect.poll(said).toEqual([limitId])
  // The place lapses before the lease does.
  ahead = 50e6
  await sweep()
  expect(said()).toEqual([limitId])
  expect(await db.engine`select id from slot_waiters where limit_id = ${limitId}`).toEqual([])
  ahead = 61e6
  await sweep()
  expect(said()).toEqual([limitId])

  const { row } = await engine.createFlowRun(newRun(flow, { deploymentId, state: proposed('SCHEDULED') }))
  await db.engine`update concurrency_limits set slot_limit = 0 where id = ${limitId}`
  await db.engine`
    insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, held_since, expires_at)
    values (${workspaceId}, ${limitId}, ${flow.flowId}, 1, 'client', now(), now())`
  // It gets none, and yet another is gone.
  expect((await set(flow, row.id, 'PENDING')).verdict).toBe('ABORT')
  expect(said()).toEqual([limitId])
  ahead = 0
})
