import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { NotFound } from '../domain/problem.ts'
import { testDatabase } from '../testing/database.ts'
import {
  anyClient,
  makeDeployment,
  makeFlow,
  makePool,
  makeQueue,
  newRun,
  proposed,
} from '../testing/work.ts'
import { createEngine } from './create-engine.ts'

const db = await testDatabase()
const engine = createEngine({ db, publish: () => {} })

type Related = Record<string, string>

const relatedOf = async (runId: string): Promise<Related[][]> =>
  (
    await db.engine<{ body: string }[]>`
      select event_body(e) as body from events e where resource_id = ${`prefect.flow-run.${runId}`} order by occurred_at`
  ).map((row) => (JSON.parse(row.body) as { related: Related[] }).related)

test('events of a run name all that it belongs to, from its first state to its last', async () => {
  const flow = await makeFlow(db)
  await db.engine`update flows set tags = '{of-flow}' where id = ${flow.flowId}`
  const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
  const deploymentId = await makeDeployment(db, flow, {
    name: 'nightly',
    tags: ['of-deployment', 'own'],
    queueId,
  })
  const { row } = await engine.createFlowRun(
    newRun(flow, {
      deploymentId,
      workQueueId: queueId,
      tags: ['own'],
      createdBy: { id: deploymentId, type: 'DEPLOYMENT', display_value: 'nightly' },
      state: proposed('SCHEDULED'),
    }),
  )
  expect(row).toMatchObject({
    workPoolName: 'pool',
    workQueueName: 'default',
    workQueueId: queueId,
    workPoolId: poolId,
  })
  await engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId: row.id,
    state: proposed('PENDING'),
    policy: 'core',
    client: anyClient,
  })
  const item = (id: string, role: string, name: string | null, more: Related = {}): Related => ({
    'prefect.resource.id': `prefect.${id}`,
    'prefect.resource.role': role,
    ...(name === null ? {} : { 'prefect.resource.name': name }),
    ...more,
  })
  const all = [
    item(`flow.${flow.flowId}`, 'flow', 'flow'),
    item(`deployment.${deploymentId}`, 'deployment', 'nightly'),
    item(`work-queue.${queueId}`, 'work-queue', 'default'),
    item(`work-pool.${poolId}`, 'work-pool', 'pool', { 'prefect.work-pool.type': 'process' }),
    item('tag.own', 'tag', null),
    item('tag.of-flow', 'tag', null),
    item('tag.of-deployment', 'tag', null),
    item(`deployment.${deploymentId}`, 'creator', 'nightly'),
  ]
  expect(await relatedOf(row.id)).toEqual([all, all])
})

test('a run by hand belongs to its flow only', async () => {
  const flow = await makeFlow(db)
  const { row } = await engine.createFlowRun(newRun(flow))
  const related = await relatedOf(row.id)
  expect(related.map((items) => items.map((item) => item['prefect.resource.role']))).toEqual([['flow']])
})

test('names of a pool and a queue find the queue; names of none are not found', async () => {
  const flow = await makeFlow(db)
  const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
  const urgent = await makeQueue(db, flow.workspaceId, poolId, 'urgent', 2)
  const agents = await makePool(db, flow.workspaceId, 'default-agent-pool')
  const made = (workPoolName: string | null, workQueueName: string | null) =>
    engine.createFlowRun(newRun(flow, { workPoolName, workQueueName })).then(({ row }) => row.workQueueId)
  expect(await made('pool', null)).toBe(queueId)
  expect(await made('pool', 'urgent')).toBe(urgent)
  expect(await made(null, 'default')).toBe(agents.queueId)
  for (const [pool, queue] of [
    ['other', null],
    ['other', 'default'],
    ['pool', 'other'],
    [null, 'other'],
  ] as const)
    await expect(made(pool, queue)).rejects.toBeInstanceOf(NotFound)
  await expect(engine.createFlowRun(newRun(flow, { workQueueId: randomUUID() }))).rejects.toBeInstanceOf(
    NotFound,
  )
})

test('a pool or deployment of another tenant is not found', async () => {
  const [ours, theirs] = [await makeFlow(db), await makeFlow(db)]
  const { queueId } = await makePool(db, theirs.workspaceId, 'pool')
  const deploymentId = await makeDeployment(db, theirs)
  for (const more of [{ workQueueId: queueId }, { workPoolName: 'pool' }, { deploymentId }])
    await expect(engine.createFlowRun(newRun(ours, more))).rejects.toBeInstanceOf(NotFound)
})
