import { beforeAll, expect, test } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { anyClient, newRun, proposed } from '../../testing/work.ts'

const { call, tenant, db, services } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string
let poolId: string
let queueId: string

const post = async (path: string, body: unknown = {}) => {
  const answer = await call(us, 'POST', path, body)
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.json
}
const explain = async (id: string) => {
  const answer = await call(us, 'GET', `/flow_runs/${id}/explain`)
  expect(answer.status, answer.text).toBe(200)
  return answer.json
}
const inSeconds = (seconds: number): string => formatInstant(services.nowMicros() + seconds * 1_000_000)

const run = async (more: Parameters<typeof newRun>[1] = {}): Promise<string> =>
  (
    await services.engine.createFlowRun(
      newRun(
        { workspaceId: us.workspaceId, flowId },
        { state: proposed('SCHEDULED', { details: { scheduled_time: inSeconds(-30) } }), ...more },
      ),
    )
  ).row.id
const inQueue = () => run({ workQueueId: queueId, workPoolName: 'machines', workQueueName: 'default' })

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await post('/flows/', { name: 'etl' })).id
  const pool = await post('/work_pools/', { name: 'machines', type: 'process' })
  poolId = pool.id
  queueId = pool.default_queue_id
})

test('strangers and those who may not see runs learn nothing', async () => {
  const id = await run()
  expect((await call(them, 'GET', `/flow_runs/${id}/explain`)).status).toBe(404)
  expect((await call(us, 'GET', `/flow_runs/${uuidv7()}/explain`)).status).toBe(404)
  expect((await call(us, 'GET', `/flow_runs/${id}/explain`, undefined, { key: null })).status).toBe(401)
})

test('a run waits for a worker, then for its pool, then for whoever paused it', async () => {
  const id = await inQueue()
  const before = await explain(id)
  expect(before).toMatchObject({
    flow_run_id: id,
    verdict: 'waiting',
    state: { type: 'SCHEDULED' },
    reasons: [
      {
        rule: 'noticeNoWorker',
        detail: 'No worker has ever polled the work pool.',
        since: null,
        action: {
          command: 'prefect worker start --pool machines',
          path: `/account/${us.accountId}/workspace/${us.workspaceId}/work-pools/work-pool/machines`,
        },
        links: [{ kind: 'work-pool', id: poolId, name: 'machines' }],
      },
    ],
  })

  await post('/work_pools/machines/workers/heartbeat', { name: 'w1' })
  expect((await explain(id)).reasons.map((it: { rule: string }) => it.rule)).toEqual(['dueNow'])

  await call(us, 'PATCH', '/work_pools/machines', { is_paused: true })
  await call(us, 'PATCH', `/work_queues/${queueId}`, { is_paused: true })
  const paused = await explain(id)
  expect(paused.reasons).toMatchObject([
    { rule: 'noticePausedPool', facts: { paused_by: 'owner' } },
    { rule: 'noticePausedQueue', facts: { paused_by: 'owner' } },
  ])
  expect(paused.reasons[0].detail).toMatch(/^It was paused by owner \d+ seconds? ago/)
  await call(us, 'PATCH', '/work_pools/machines', { is_paused: false })
  await call(us, 'PATCH', `/work_queues/${queueId}`, { is_paused: false })
})

test('a run of a Python flow waits although agents are there', async () => {
  const pool = (await post('/work_pools/', { name: 'mixed', type: 'process' })).name
  const ofPool = { flow_id: flowId, entrypoint: 'etl.py:etl', work_pool_name: pool }
  const deployment = (await post('/deployments/', { name: 'python', ...ofPool })).id
  const id = (await post(`/deployments/${deployment}/create_flow_run`, { state: { type: 'SCHEDULED' } })).id
  expect((await post('/work_pools/mixed/claim', { worker_name: 'a1', runs: 'typescript' })).claims).toEqual(
    [],
  )
  expect((await explain(id)).reasons).toMatchObject([
    {
      rule: 'noticeUnfitWorkers',
      facts: { entrypoint: 'etl.py:etl', online_workers: 1, workers_run: ['typescript'] },
      action: { command: 'prefect worker start --pool mixed' },
    },
  ])
  await post('/work_pools/mixed/workers/heartbeat', { name: 'p1' })
  expect((await explain(id)).reasons).toMatchObject([{ rule: 'dueNow' }])
})

test('a full pool and a full queue name their holders', async () => {
  const [holder, id] = [await inQueue(), await inQueue()]
  await db.engine`
    insert into run_claims (workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, holder_name, claimed_at)
    values (${us.workspaceId}, ${holder}, ${uuidv7()}, ${poolId}, ${queueId}, 'worker', 'w1', ${inSeconds(-60)})`
  await call(us, 'PATCH', '/work_pools/machines', { concurrency_limit: 1 })
  await call(us, 'PATCH', `/work_queues/${queueId}`, { concurrency_limit: 1 })
  const { reasons } = await explain(id)
  expect(reasons.slice(0, 2)).toMatchObject([
    { rule: 'enforceWorkSlots', facts: { limit: 1, active_slots: 1, holders: [{ id: holder }] } },
    {
      rule: 'enforceWorkSlots',
      action: { command: 'prefect work-queue set-concurrency-limit default 2 --pool machines' },
    },
  ])
  expect(reasons[0].links).toContainEqual({ kind: 'flow-run', id: holder, name: expect.any(String) })
  expect(reasons.find((it: { rule: string }) => it.rule === 'noticeQueueAhead')?.facts.ahead).toBeGreaterThan(
    0,
  )
  await db.engine`delete from run_claims where workspace_id = ${us.workspaceId}`
  await call(us, 'PATCH', '/work_pools/machines', { concurrency_limit: null })
  await call(us, 'PATCH', `/work_queues/${queueId}`, { concurrency_limit: null })
})

test('a full deployment tells who holds its slots, and when the first may come back', async () => {
  const [deploymentId, limitId, holder] = [uuidv7(), uuidv7(), await run()]
  await db.engine`insert into concurrency_limits (workspace_id, id, name, slot_limit) values (${us.workspaceId}, ${limitId}, ${`deployment:${deploymentId}`}, 1)`
  await db.engine`
    insert into deployments (workspace_id, id, flow_id, name, concurrency_limit_id, last_polled_at)
    values (${us.workspaceId}, ${deploymentId}, ${flowId}, 'nightly', ${limitId}, now())`
  await db.engine`
    insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, holder_id, held_since, expires_at)
    values (${us.workspaceId}, ${limitId}, ${uuidv7()}, 1, 'flow_run', ${holder}, ${inSeconds(-60)}, ${inSeconds(120)})`
  const id = await run({ deploymentId })
  const { reasons } = await explain(id)
  expect(reasons).toMatchObject([
    {
      rule: 'secureFlowConcurrencySlots',
      facts: { collision_strategy: 'ENQUEUE', holders: [{ id: holder }] },
      links: [
        { kind: 'deployment', id: deploymentId },
        { kind: 'flow-run', id: holder },
      ],
    },
  ])
  expect(Date.parse(reasons[0].forecast_at)).toBeGreaterThan(Date.now())

  await db.engine`delete from slot_leases where workspace_id = ${us.workspaceId} and limit_id = ${limitId}`
  await db.engine`update deployments set last_polled_at = now() - interval '5 minutes' where workspace_id = ${us.workspaceId} and id = ${deploymentId}`
  expect((await explain(id)).reasons).toMatchObject([
    { rule: 'noticeNotServed', detail: expect.stringContaining('for 5 minutes') },
  ])
})

test('a running run tells its last sign of life, and which tags its task runs wait for', async () => {
  const id = await run()
  await services.engine.setFlowRunState({
    workspaceId: us.workspaceId,
    runId: id,
    state: proposed('RUNNING'),
    policy: 'core',
    client: anyClient,
  })
  const limitId = uuidv7()
  await db.engine`insert into concurrency_limits (workspace_id, id, name, slot_limit) values (${us.workspaceId}, ${limitId}, 'tag:db', 1)`
  await db.engine`
    insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, holder_id, held_since)
    values (${us.workspaceId}, ${limitId}, ${uuidv7()}, 1, 'client', null, now())`
  await post('/task_runs/', { flow_run_id: id, task_key: 'load', dynamic_key: '0', tags: ['db'] })
  await db.engine`
    insert into run_claims (workspace_id, run_id, token, holder_type, holder_name, claimed_at, beat_at, expires_at)
    values (${us.workspaceId}, ${id}, ${uuidv7()}, 'client', 'laptop', now(), now(), now() + interval '540 seconds')`
  expect(await explain(id)).toMatchObject({
    verdict: 'running',
    reasons: [
      { rule: 'noticeRunning', facts: { holder_name: 'laptop' } },
      { rule: 'secureTaskConcurrencySlots', facts: { tag: 'db', waiting_task_runs: 1 } },
    ],
  })

  // What it asked for in vain says since when it waits, and behind whom.
  const holder = { type: 'flow_run', id }
  const names = ['warehouse']
  await post('/v2/concurrency_limits/', { name: 'warehouse', limit: 1 })
  const take = (more: object) =>
    call(us, 'POST', '/v2/concurrency_limits/increment-with-lease', { names, slots: 1, ...more })
  const { json: lease } = await take({})
  const gone = new AbortController()
  const other = services.engine.slots.take(
    {
      type: 'take',
      workspaceId: us.workspaceId,
      names,
      slots: 1,
      mode: 'concurrency',
      leaseSeconds: 60,
      holder: null,
      signal: gone.signal,
    },
    30,
  )
  await expect
    .poll(async () => (await call(us, 'GET', '/v2/concurrency_limits/warehouse/waiters')).json)
    .toHaveLength(1)
  expect((await take({ holder })).status).toBe(423)
  const asked = await call(us, 'POST', '/task_runs/', { flow_run_id: id, task_key: 'save', dynamic_key: '0' })
  expect((await take({ holder: { type: 'task_run', id: asked.json.id } })).status).toBe(423)
  const inLine = (await explain(id)).reasons.find((it: { rule: string }) => it.rule === 'noticeSlotLine')
  expect(inLine).toMatchObject({
    title: 'Waits for a slot of “warehouse”',
    since: expect.any(String),
    facts: { limit_name: 'warehouse', ahead: 1, waiting: 2, limit: 1, active_slots: 1 },
    links: [{ kind: 'concurrency-limit', name: 'warehouse' }, expect.anything()],
  })
  gone.abort()
  expect((await other).type).toBe('withdrawn')
  await post('/v2/concurrency_limits/decrement-with-lease', { lease_id: lease.lease_id })
  expect((await take({ holder })).status).toBe(200)
  const left = (await explain(id)).reasons.find((it: { rule: string }) => it.rule === 'noticeSlotLine')
  expect(left).toMatchObject({ facts: { ahead: 0, waiting: 1 } })
})

test('an ended run tells how it ended', async () => {
  const id = await run()
  await post(`/flow_runs/${id}/set_state`, { state: { type: 'FAILED', message: 'boom' }, force: true })
  expect(await explain(id)).toMatchObject({
    verdict: 'ended',
    state: { type: 'FAILED' },
    reasons: [{ rule: 'ended', detail: 'boom' }],
  })
})

test('a run of a client that sends no beats is said to be silent, with what was heard of it last', async () => {
  const { json: made } = await call(us, 'POST', '/flow_runs/', {
    flow_id: flowId,
    state: { type: 'PENDING' },
  })
  await post(`/flow_runs/${made.id}/set_state`, { state: { type: 'RUNNING' } })
  const rules = async () => (await explain(made.id)).reasons.map((it: { rule: string }) => it.rule)
  expect(await rules()).toEqual(['noticeRunning'])
  await db.engine`update flow_runs set state_at = ${inSeconds(-7_200)}, start_at = ${inSeconds(-7_200)} where id = ${made.id}`
  await post('/logs/', [
    {
      name: 'prefect.flow_runs',
      level: 20,
      message: 'hi',
      timestamp: inSeconds(-1_200),
      flow_run_id: made.id,
    },
  ])
  expect((await explain(made.id)).reasons[0]).toMatchObject({
    rule: 'noticeNoBeats',
    detail: expect.stringContaining('for 20 minutes; the last was a line of its log'),
  })
  const beat = {
    id: uuidv7(),
    occurred: inSeconds(0),
    event: 'prefect.flow-run.heartbeat',
    resource: { 'prefect.resource.id': `prefect.flow-run.${made.id}`, 'prefect.resource.name': 'r' },
    related: [],
    payload: {},
  }
  await post('/events', [beat])
  expect(await rules()).toEqual(['noticeRunning'])
})
