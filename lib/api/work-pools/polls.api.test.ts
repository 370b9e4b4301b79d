import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { statementsDuring } from '../../testing/statements.ts'

const { call, tenant, services, db } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string
let made = 0

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await call(us, 'POST', '/flows/', { name: 'polled' })).json.id
})

const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const newPool = async (body: object = {}) =>
  (await post('/work_pools/', { name: `poll ${++made}`, type: 'process', ...body })).json
const newQueue = async (pool: string, body: object) => (await post(`/work_pools/${pool}/queues`, body)).json
const newRun = async (pool: string, queue: string | null, at: string | null, more: object = {}) => {
  const answer = await post('/flow_runs/', {
    flow_id: flowId,
    work_pool_name: pool,
    work_queue_name: queue,
    state: { type: 'SCHEDULED', state_details: at === null ? {} : { scheduled_time: at } },
    ...more,
  })
  expect(answer.status, answer.text).toBe(201)
  return answer.json.id as string
}
const poll = async (pool: string, body: object = {}) => {
  const answer = await post(`/work_pools/${pool}/get_scheduled_flow_runs`, {
    scheduled_before: '2090-01-01 00:00:00+00:00',
    ...body,
  })
  expect(answer.status, answer.text).toBe(200)
  return answer.json.map((item: { flow_run: { id: string } }) => item.flow_run.id) as string[]
}
const setState = async (run: string, type: string) =>
  (await post(`/flow_runs/${run}/set_state`, { state: { type } })).json.status

/** How many statements look for due runs while `work` goes on. Signs of life are written in their own time. */
const looksDuring = async (work: () => Promise<unknown>) =>
  (await statementsDuring(db.engine, work)).filter((statement) => statement.includes('flow_runs')).length

test('a stock worker that labels its run is known as who holds it', async () => {
  const pool = await newPool()
  await post(`/work_pools/${pool.name}/workers/heartbeat`, { name: 'w 1' })
  const run = await newRun(pool.name, null, null)
  expect(await setState(run, 'PENDING')).toBe('ACCEPT')
  const label = (name: string) =>
    call(us, 'PATCH', `/flow_runs/${run}/labels`, { 'prefect.worker.name': name })
  await label('w 1')
  await label('another')
  const [claim] = await db.engine`
    select c.holder_type, c.holder_name, w.name as worker from run_claims c
    left join workers w on w.workspace_id = c.workspace_id and w.id = c.holder_id where c.run_id = ${run}`
  expect(claim).toMatchObject({ holderType: 'worker', holderName: 'w 1' })
})

describe('polls of a pool', () => {
  test('hand out what is due, the most urgent queue first, then the earliest', async () => {
    const pool = await newPool()
    await newQueue(pool.name, { name: 'low', priority: 9 })
    await newQueue(pool.name, { name: 'high', priority: 1 })
    const later = await newRun(pool.name, 'low', '2026-02-01T00:00:00Z')
    const second = await newRun(pool.name, 'high', '2026-03-02T00:00:00Z')
    const first = await newRun(pool.name, 'high', '2026-03-01T00:00:00Z')
    const last = await newRun(pool.name, null, '2095-03-01T00:00:00Z')
    expect(await poll(pool.name)).toEqual([first, second, later])
    expect(await poll(pool.name, { limit: 1 })).toEqual([first])
    expect(await poll(pool.name, { limit: 0 })).toEqual([])
    expect(await poll(pool.name, { work_queue_names: ['low'] })).toEqual([later])
    expect(await poll(pool.name, { work_queue_names: [] })).toHaveLength(3)
    expect(await poll(pool.name, { scheduled_after: '2026-02-15T00:00:00Z' })).toEqual([first, second])
    expect(await poll(pool.name, { scheduled_before: '2096-01-01T00:00:00Z' })).toContain(last)
    const [item] = (await post(`/work_pools/${pool.name}/get_scheduled_flow_runs`, {})).json
    expect(item).toMatchObject({ work_pool_id: pool.id, flow_run: { id: first, work_queue_name: 'high' } })
    expect(item.work_queue_id).toBe(item.flow_run.work_queue_id)
  })

  test('give nothing while the pool or queue is paused, and at once when it goes on', async () => {
    const pool = await newPool()
    const run = await newRun(pool.name, null, null)
    const set = (path: string, is_paused: boolean) => call(us, 'PATCH', path, { is_paused })
    for (const path of [`/work_pools/${pool.name}`, `/work_pools/${pool.name}/queues/default`]) {
      await set(path, true)
      expect(await poll(pool.name)).toEqual([])
      await set(path, false)
      expect(await poll(pool.name)).toEqual([run])
    }
  })

  test('leave out runs that their own process retries, and what has left SCHEDULED', async () => {
    const pool = await newPool()
    await newRun(pool.name, null, null, { empirical_policy: { retry_type: 'in_process' } })
    const run = await newRun(pool.name, null, null, { empirical_policy: { retry_type: 'reschedule' } })
    expect(await poll(pool.name)).toEqual([run])
    expect(await setState(run, 'PENDING')).toBe('ACCEPT')
    expect(await poll(pool.name)).toEqual([])
  })

  test('see at once what is scheduled after a poll found nothing', async () => {
    const pool = await newPool()
    expect(await poll(pool.name)).toEqual([])
    expect(await poll(pool.name)).toEqual([])
    const later = await newRun(pool.name, null, '2095-01-01T00:00:00Z')
    expect(await poll(pool.name)).toEqual([])
    const run = await newRun(pool.name, null, '2089-01-01T00:00:00Z')
    expect(await poll(pool.name)).toEqual([run])
    expect(await poll(pool.name, { scheduled_before: '2096-01-01T00:00:00Z' })).toEqual([run, later])
    await newQueue(pool.name, { name: 'another' })
    await setState(run, 'PENDING')
    await poll(pool.name)
    const other = await newRun(pool.name, 'another', null)
    expect(await poll(pool.name)).toEqual([other])
  })

  test('cost no statement while nothing is due', async () => {
    const pool = await newPool()
    await newRun(pool.name, null, '2095-01-01T00:00:00Z')
    await poll(pool.name)
    expect(
      await looksDuring(async () => {
        for (let n = 0; n < 20; n++) expect(await poll(pool.name)).toEqual([])
      }),
    ).toBe(0)
  })

  test('make queues and their pool look polled', async () => {
    const pool = await newPool()
    expect((await call(us, 'GET', `/work_queues/${pool.default_queue_id}`)).json.last_polled).toBeNull()
    await poll(pool.name)
    await services.work.presence.flush()
    const queue = (await call(us, 'GET', `/work_queues/${pool.default_queue_id}`)).json
    expect(queue).toMatchObject({ status: 'READY' })
    expect(queue.last_polled).toBeTruthy()
    expect((await call(us, 'GET', `/work_pools/${pool.name}`)).json.last_polled).toBeTruthy()
    const { events } = (
      await post('/events/filter', { filter: { resource: { id: [`prefect.work-queue.${queue.id}`] } } })
    ).json
    expect(events.map((event: { event: string }) => event.event)).toEqual(['prefect.work-queue.ready'])
  })

  test('refuse what makes no sense, and strangers', async () => {
    const pool = await newPool()
    const path = `/work_pools/${pool.name}/get_scheduled_flow_runs`
    for (const body of [
      { limit: 201 },
      { limit: -1 },
      { scheduled_before: 'soon' },
      { work_queue_names: 'x' },
    ])
      expect((await post(path, body)).status).toBe(422)
    expect((await post(path, {}, them)).status).toBe(404)
    expect((await post('/work_pools/nowhere/get_scheduled_flow_runs')).json.detail).toBe(
      'Work pool "nowhere" not found',
    )
    expect((await call(us, 'POST', path, {}, { key: us.key('worker') })).status).toBe(200)
  })
})

describe('polls of a queue', () => {
  const getRuns = async (id: string, body: object = {}) =>
    (await post(`/work_queues/${id}/get_runs`, body)).json.map((run: { id: string }) => run.id)

  test('hand out what is due of it', async () => {
    const queue = (await post('/work_queues/', { name: 'for agents' })).json
    expect(await getRuns(queue.id)).toEqual([])
    const run = await newRun('default-agent-pool', 'for agents', null)
    expect(await getRuns(queue.id)).toEqual([run])
    await call(us, 'PATCH', `/work_queues/${queue.id}`, { is_paused: true })
    expect(await getRuns(queue.id)).toEqual([])
    expect((await post(`/work_queues/${queue.id}/get_runs`, {}, them)).status).toBe(404)
  })

  test('may go by tags and deployments instead', async () => {
    const who = us
    const queue = (await post('/work_queues/', { name: 'by tags', filter: { tags: ['chosen'] } }, who)).json
    const chosen = (
      await post('/flow_runs/', { flow_id: flowId, tags: ['chosen', 'x'], state: { type: 'SCHEDULED' } })
    ).json.id
    await post('/flow_runs/', { flow_id: flowId, tags: ['x'], state: { type: 'SCHEDULED' } })
    expect(await getRuns(queue.id)).toEqual([chosen])
  })
})
