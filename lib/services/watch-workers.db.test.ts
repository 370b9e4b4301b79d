import { expect, test } from 'vitest'
import { recordTurns } from '../control/work/record-turns.ts'
import { uuidv7 } from '../db/uuid.ts'
import { formatInstant } from '../domain/time.ts'
import { createEngine } from '../engine/create-engine.ts'
import { createPresence } from '../engine/presence.ts'
import { testDatabase } from '../testing/database.ts'
import { statementsDuring } from '../testing/statements.ts'
import { makeDeployment, makeFlow, makePool } from '../testing/work.ts'
import { createWatchWorkers } from './watch-workers.ts'

const db = await testDatabase()
let now = 1_800_000_000_000_000
const clock = () => now
const later = (seconds: number): void => {
  now += seconds * 1e6
}
const engine = createEngine({ db, publish: () => {}, nowMicros: clock })
const newPresence = () =>
  createPresence({
    sql: db.engine,
    nowMicros: clock,
    onTurned: (turns) => recordTurns({ engine, nowMicros: clock }, turns),
    onError: (error) => {
      throw error
    },
    flushMs: 60_000,
  })
const scope = { db, engine, nowMicros: clock }

const beat = (workspaceId: string, poolName: string, seconds: number | null) => ({
  workspaceId,
  poolName,
  name: 'wren',
  heartbeatIntervalSeconds: seconds,
  clientVersion: null,
  metadata: null,
  createdBy: { id: null, type: 'USER', display_value: null },
})
const statusOf = async (table: string, id: string): Promise<string> => {
  const [row] = await db.engine<{ status: string }[]>`select status from ${db.engine(table)} where id = ${id}`
  return row?.status ?? ''
}
const eventsOf = async (workspaceId: string): Promise<string[]> => {
  const rows = await db.engine<{ event: string }[]>`
    select event from events where workspace_id = ${workspaceId} order by occurred_at, event`
  return rows.map((row) => row.event.replace('prefect.', ''))
}

test('workers that miss three beats are gone, and so is what they made ready; each turns once on any number of replicas', async () => {
  const flow = await makeFlow(db)
  const { workspaceId } = flow
  const { poolId, queueId } = await makePool(db, workspaceId, 'watched')
  const deploymentId = await makeDeployment(db, flow, { queueId })
  const presence = newPresence()
  const workerId = await presence.beat(beat(workspaceId, 'watched', 10))
  presence.polledQueues(workspaceId, poolId, [queueId])
  await presence.flush()
  const ids = [
    ['workers', workerId],
    ['work_pools', poolId],
    ['work_queues', queueId],
    ['deployments', deploymentId],
  ] as const
  const statuses = () => Promise.all(ids.map(([table, id]) => statusOf(table, id)))
  expect(await statuses()).toEqual(['ONLINE', 'READY', 'READY', 'READY'])

  const replicas = [createWatchWorkers(), createWatchWorkers(), createWatchWorkers()]
  const turnAll = () => Promise.all(replicas.map((replica) => replica.runOnce(scope)))
  later(29)
  await turnAll()
  expect(await statuses()).toEqual(['ONLINE', 'READY', 'READY', 'READY'])
  later(2)
  const counts = (await turnAll()).map((done) => done.counts)
  expect(counts.reduce((sum, count) => sum + (count.workers ?? 0), 0)).toBe(1)
  await turnAll()
  expect(await statuses()).toEqual(['OFFLINE', 'NOT_READY', 'READY', 'READY'])
  later(30)
  await turnAll()
  await turnAll()
  expect(await statuses()).toEqual(['OFFLINE', 'NOT_READY', 'NOT_READY', 'NOT_READY'])
  expect(await eventsOf(workspaceId)).toEqual([
    'deployment.ready',
    'work-pool.ready',
    'work-queue.ready',
    'work-pool.not-ready',
    'deployment.not-ready',
    'work-queue.not-ready',
  ])

  // Back again, seen by another process.
  const other = newPresence()
  expect(await other.beat(beat(workspaceId, 'watched', null))).toBe(workerId)
  other.polledQueues(workspaceId, poolId, [queueId])
  await other.flush()
  expect(await statuses()).toEqual(['ONLINE', 'READY', 'READY', 'READY'])
})

test('deployments that are served are watched by themselves, and paused pools stay paused', async () => {
  const flow = await makeFlow(db)
  const { workspaceId } = flow
  const deploymentId = await makeDeployment(db, flow)
  const { poolId, queueId } = await makePool(db, workspaceId, 'resting')
  await db.engine`update work_pools set is_paused = true, status = 'PAUSED' where id = ${poolId}`
  await db.engine`update work_queues set is_paused = true, status = 'PAUSED' where id = ${queueId}`
  const presence = newPresence()
  await presence.beat(beat(workspaceId, 'resting', 10))
  presence.polledDeployments(workspaceId, [deploymentId])
  presence.polledQueues(workspaceId, poolId, [queueId])
  await presence.flush()
  expect(await statusOf('deployments', deploymentId)).toBe('READY')
  later(61)
  await createWatchWorkers().runOnce(scope)
  expect(await statusOf('deployments', deploymentId)).toBe('NOT_READY')
  expect(await statusOf('work_pools', poolId)).toBe('PAUSED')
  expect(await statusOf('work_queues', queueId)).toBe('PAUSED')
  expect(await eventsOf(workspaceId)).toEqual(['deployment.ready', 'deployment.not-ready'])
})

test('beats of a thousand workers are a handful of statements', async () => {
  const { workspaceId } = await makeFlow(db)
  await makePool(db, workspaceId, 'crowded')
  const presence = newPresence()
  const names = Array.from({ length: 1_000 }, (_, n) => `worker ${n}`)
  const all = () =>
    Promise.all(names.map((name) => presence.beat({ ...beat(workspaceId, 'crowded', 30), name })))
  const ids = await all()
  expect(new Set(ids).size).toBe(1_000)
  later(30)
  const statements = await statementsDuring(db.engine, async () => {
    expect(await all()).toEqual(ids)
    await presence.flush()
  })
  expect(statements.length).toBeLessThanOrEqual(4)
  const [row] = await db.engine<{ n: number }[]>`
    select count(*)::int as n from workers where workspace_id = ${workspaceId} and last_heartbeat_at = ${formatInstant(now)}`
  expect(row?.n).toBe(1_000)
  await expect(presence.beat(beat(uuidv7(), 'crowded', 30))).rejects.toThrow('not found')
})

test('workers that have been away for a week are forgotten, those that are back are not', async () => {
  const { workspaceId } = await makeFlow(db)
  await makePool(db, workspaceId, 'left')
  const presence = newPresence()
  const [gone, back] = await Promise.all(
    ['gone', 'back'].map((name) => presence.beat({ ...beat(workspaceId, 'left', 30), name })),
  )
  const turn = async () => {
    // The workers of the tests before are in the batches too.
    for (let turned = 1; turned > 0; ) {
      const { counts } = await createWatchWorkers().runOnce(scope)
      turned = (counts.workers ?? 0) + (counts.forgotten ?? 0)
    }
  }
  const left = async () =>
    (await db.engine`select id from workers where workspace_id = ${workspaceId}`).map((row) => row.id)
  const day = 86_400
  later(6 * day)
  await turn()
  expect(await statusOf('workers', gone ?? '')).toBe('OFFLINE')
  await presence.beat({ ...beat(workspaceId, 'left', 30), name: 'back' })
  await presence.flush()
  later(2 * day)
  await turn()
  expect(await left()).toEqual([back])
})
