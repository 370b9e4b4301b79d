import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { enqueueCleanup } from '../../engine/cleanup-desk.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { createSockets } from './accept.ts'

const { call, tenant, services, db } = await testApi()
const sockets = createSockets(services, { handshakeMs: 1_000 })
const server = createServer()
server.on('upgrade', (request, socket, head) => {
  if (!sockets.accept(request, socket, head)) socket.destroy()
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
afterAll(async () => {
  await sockets.closeAll('the tests are over')
  server.close()
})

let us: TestTenant
let them: TestTenant
let made = 0
beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

interface Frame {
  type: string
  id: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into frames of every shape
  payload: any
}
interface Channel {
  readonly ws: WebSocket
  readonly next: () => Promise<Frame>
  readonly say: (type: string, payload: object) => string
  readonly closed: Promise<readonly [number, string]>
}

async function open(pool: string, key: string, who = us): Promise<Channel> {
  const ws = new WebSocket(
    `ws://127.0.0.1:${port}${who.base}/work_pools/${encodeURIComponent(pool)}/workers/connect`,
    'prefect',
    { headers: { 'user-agent': 'prefect/3.8.8 (API 0.8.4)' } },
  )
  const frames: Frame[] = []
  const readers: ((frame: Frame) => void)[] = []
  ws.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Frame
    const reader = readers.shift()
    if (reader) reader(frame)
    else frames.push(frame)
  })
  const closed = once(ws, 'close').then(([code, reason]) => [code as number, String(reason)] as const)
  const next = (): Promise<Frame> => {
    const frame = frames.shift()
    return frame ? Promise.resolve(frame) : new Promise((resolve) => readers.push(resolve))
  }
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'auth', token: key }))
  return {
    ws,
    next,
    closed,
    say: (type, payload) => {
      const id = randomUUID()
      ws.send(JSON.stringify({ id, sent_at: new Date().toISOString(), type, payload }))
      return id
    },
  }
}

const helloOf = (more: object = {}) => ({
  consumer_id: randomUUID(),
  worker_name: 'wren',
  worker_type: 'process',
  heartbeat_interval_seconds: 30,
  supported_channel_versions: ['work_pool_worker_channel.v1'],
  requested_capabilities: ['worker_heartbeat.v1', 'work_pool_snapshot.v1', 'dreams.v1'],
  work_queue_names: [],
  handled_cleanup_kinds: [],
  max_cleanup_concurrency: 0,
  create_pool_if_not_found: false,
  default_base_job_template: {},
  worker_metadata: null,
  ...more,
})

async function greet(
  pool: string,
  more: object = {},
): Promise<Channel & { ready: Frame; hello: ReturnType<typeof helloOf> }> {
  const channel = await open(pool, us.key('worker'))
  expect(await channel.next()).toEqual({ type: 'auth_success' })
  const hello = helloOf(more)
  channel.say('worker.hello.v1', hello)
  return { ...channel, hello, ready: await channel.next() }
}

const newPool = async (body: object = {}): Promise<string> => {
  const name = `channel ${++made}`
  expect((await call(us, 'POST', '/work_pools/', { name, type: 'process', ...body })).status).toBe(201)
  return name
}

describe('a worker channel', () => {
  test('makes the worker known, and shows its pool', async () => {
    const pool = await newPool({ concurrency_limit: 3 })
    const { ready, hello, ws } = await greet(pool, { worker_metadata: { integrations: [] } })
    expect(ready).toMatchObject({
      type: 'worker.ready.v1',
      payload: {
        consumer_id: hello.consumer_id,
        selected_channel_version: 'work_pool_worker_channel.v1',
        effective_heartbeat_interval_seconds: 30,
        accepted_capabilities: ['worker_heartbeat.v1', 'work_pool_snapshot.v1'],
        rejected_capabilities: ['dreams.v1'],
        effective_max_cleanup_concurrency: 0,
        resolved_work_queues: [{ name: 'default' }],
        initial_snapshot: {
          snapshot_sequence: 1,
          reason: 'initial',
          work_pool: { name: pool, concurrency_limit: 3, status: 'READY' },
        },
      },
    })
    const [worker] = (await call(us, 'POST', `/work_pools/${pool}/workers/filter`, {})).json
    expect(worker).toMatchObject({
      id: ready.payload.worker_id,
      name: 'wren',
      client_version: '3.8.8',
      metadata_: { integrations: [] },
    })
    ws.close()
  })

  test('tells of changes that a worker goes by', async () => {
    const pool = await newPool()
    const { next, ws } = await greet(pool)
    await call(us, 'PATCH', `/work_pools/${pool}`, { description: 'nothing to a worker' })
    await call(us, 'PATCH', `/work_pools/${pool}`, { is_paused: true })
    expect(await next()).toMatchObject({
      type: 'work_pool.snapshot.v1',
      payload: { snapshot_sequence: 2, work_pool: { is_paused: true, status: 'PAUSED' } },
    })
    ws.close()
  })

  test('makes a pool that is not there when the worker may', async () => {
    const template = {
      job_configuration: { command: '{{ command }}' },
      variables: { properties: { command: {} } },
    }
    const name = `made ${++made}`
    const { ready, ws } = await greet(name, {
      create_pool_if_not_found: true,
      default_base_job_template: template,
    })
    expect(ready.payload.initial_snapshot.work_pool).toMatchObject({
      name,
      type: 'process',
      base_job_template: template,
    })
    ws.close()
    const bare = await newPool()
    const second = await greet(bare, { default_base_job_template: template })
    expect(second.ready.payload.initial_snapshot.work_pool.base_job_template).toEqual(template)
    second.ws.close()
  })

  test('takes beats, and nothing that it does not know', async () => {
    const pool = await newPool()
    const { say, closed, hello } = await greet(pool)
    say('worker.heartbeat.v1', {
      consumer_id: hello.consumer_id,
      worker_name: 'wren',
      heartbeat_interval_seconds: 30,
    })
    say('cleanup.ack.v1', { message_id: randomUUID(), reservation_token: 'x' })
    expect(await closed).toEqual([1002, 'protocol_error'])
  })

  test.each([
    ['a later version', { supported_channel_versions: ['v2'] }, 1008, 'unsupported_version'],
    ['too few capabilities', { requested_capabilities: ['worker_heartbeat.v1'] }, 1002, 'protocol_error'],
    ['unknown keys', { surprise: true }, 1002, 'protocol_error'],
    ['a queue that is not there', { work_queue_names: ['nowhere'] }, 1008, 'authorization_failed'],
  ])('refuses %s', async (_, more, code, reason) => {
    const pool = await newPool()
    const channel = await open(pool, us.key('worker'))
    await channel.next()
    channel.say('worker.hello.v1', helloOf(more))
    expect(await channel.closed).toEqual([code, reason])
  })

  test('is closed to strangers, viewers and unknown pools', async () => {
    const pool = await newPool()
    for (const key of ['nonsense', them.key(), us.key('viewer')]) {
      expect((await (await open(pool, key)).closed)[0]).toBe(1008)
    }
    for (const more of [{}, { create_pool_if_not_found: true }]) {
      const channel = await open('prefect made up', us.key('worker'))
      await channel.next()
      channel.say('worker.hello.v1', helloOf(more))
      expect(await channel.closed).toEqual([1008, 'authorization_failed'])
    }
  })

  test('hands out what has to be torn down, to one worker at a time, until it is done', async () => {
    const pool = await newPool()
    const flow = (await call(us, 'POST', '/flows/', { name: 'torn down' })).json
    const run = (
      await call(us, 'POST', '/flow_runs/', {
        flow_id: flow.id,
        work_pool_name: pool,
        state: { type: 'SCHEDULED' },
      })
    ).json
    await call(us, 'PATCH', `/flow_runs/${run.id}`, { infrastructure_pid: 'host:4711' })
    await enqueueCleanup(db.engine, us.workspaceId, run.id, 'cancelling_timeout_teardown.v1')
    const takes = {
      requested_capabilities: ['worker_heartbeat.v1', 'work_pool_snapshot.v1', 'cleanup_delivery.v1'],
      handled_cleanup_kinds: ['cancelling_timeout_teardown.v1'],
      max_cleanup_concurrency: 1,
    }
    const first = await greet(pool, takes)
    expect(first.ready.payload.effective_max_cleanup_concurrency).toBe(1)
    const message = await first.next()
    expect(message).toMatchObject({
      type: 'cleanup.message.v1',
      payload: {
        kind: 'cancelling_timeout_teardown.v1',
        delivery_count: 1,
        target: { flow_run_id: run.id, infrastructure_pid: 'host:4711' },
        data: {},
      },
    })
    const { message_id, reservation_token } = message.payload
    const renewal = first.say('cleanup.renew.v1', { message_id, reservation_token })
    expect((await first.next()).payload).toMatchObject({
      request_frame_id: renewal,
      operation: 'renew',
      status: 'accepted',
    })
    first.say('cleanup.release.v1', { message_id, reservation_token, reason: 'not mine' })
    expect((await first.next()).payload).toMatchObject({ operation: 'release', status: 'accepted' })
    first.ws.close()
    await first.closed

    const second = await greet(pool, { ...takes, worker_name: 'robin' })
    const again = await second.next()
    expect(again.payload).toMatchObject({ message_id, delivery_count: 2 })
    second.say('cleanup.ack.v1', { message_id, reservation_token })
    expect((await second.next()).payload).toMatchObject({
      operation: 'ack',
      status: 'not_current',
      reason: 'stale_reservation',
    })
    second.say('cleanup.ack.v1', { message_id, reservation_token: again.payload.reservation_token })
    expect((await second.next()).payload).toMatchObject({ operation: 'ack', status: 'accepted' })
    const [left] =
      await db.engine`select count(*)::int as n from worker_cleanups where workspace_id = ${us.workspaceId}`
    expect(left?.n).toBe(0)
    second.ws.close()
  })
})
