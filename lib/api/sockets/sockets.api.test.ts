import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { AGENT_PROTOCOL, type AgentRecord, type ServerFrame } from '../../../agent/src/protocol/frames.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { nowMicros } from '../../engine/clock.ts'
import { createEngine } from '../../engine/create-engine.ts'
import type { EventRow } from '../../engine/write-set.ts'
import { createHub } from '../../live/create-hub.ts'
import { createFeed } from '../../live/event-feed.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { createSockets, type SocketOptions } from './accept.ts'

const api = await testApi()
const hub = createHub()
const events = createFeed<EventRow>((event) => event.id)
const engine = createEngine({ db: api.db, publish: hub.publish, publishEvents: events.publish })
const revocations = new Map<string, (reason: string) => void>()
const services = {
  ...api.services,
  engine,
  hub,
  events,
  identity: {
    ...api.services.identity,
    onRevoked: (_actor: unknown, workspaceId: string, callback: (reason: string) => void) => {
      revocations.set(workspaceId, callback)
      return () => revocations.delete(workspaceId)
    },
  },
}
async function serve(options?: SocketOptions): Promise<number> {
  const sockets = createSockets(services, options)
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (!sockets.accept(request, socket, head)) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(async () => {
    await sockets.closeAll('the tests are over')
    server.close()
  })
  return (server.address() as AddressInfo).port
}
const port = await serve({ handshakeMs: 300 })
/** Where nobody loses patience with a large message on a busy machine. */
const patientPort = await serve()

const address = (tenant: TestTenant, path: string, at = port) => `ws://127.0.0.1:${at}${tenant.base}${path}`
const bearer = (tenant: TestTenant, role?: 'viewer') => ({
  headers: { authorization: `bearer ${tenant.key(role)}` },
})

async function opened(socket: WebSocket): Promise<WebSocket> {
  await once(socket, 'open')
  return socket
}
const closed = async (socket: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, String(reason)]
}
const refused = async (socket: WebSocket): Promise<number> => {
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  return (response as { statusCode: number }).statusCode
}
const receipt = async (socket: WebSocket): Promise<void> => {
  const pong = once(socket, 'pong')
  socket.ping()
  await pong
}
/** Messages as they come, awaited one by one. */
function inbox<Message = Record<string, unknown>>(socket: WebSocket): () => Promise<Message> {
  const waiting: Message[] = []
  const readers: ((message: Message) => void)[] = []
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    const reader = readers.shift()
    if (reader) reader(message)
    else waiting.push(message)
  })
  return () => {
    const message = waiting.shift()
    return message === undefined ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(message)
  }
}

const customEvent = (name: string, id = randomUUID()) => ({
  id,
  event: name,
  occurred: formatInstant(nowMicros()),
  resource: { 'prefect.resource.id': `thing.${name}` },
  related: [],
  payload: { exact: 1 },
})
const stored = async (tenant: TestTenant): Promise<string[]> => {
  const rows = await api.db.engine<{ event: string }[]>`
    select event from events where workspace_id = ${tenant.workspaceId} order by occurred_at, id`
  return rows.map((row) => row.event)
}

test.each([
  '/events/in',
  '/events/out',
  '/logs/out',
  '/task_runs/subscriptions/scheduled',
  '/work_pools/any/workers/connect',
  '/agent/connect',
])('a message that is too large is told so on %s, whatever it holds', async (path) => {
  const tenant = await api.tenant()
  const socket = await opened(new WebSocket(address(tenant, path, patientPort), bearer(tenant)))
  socket.on('error', () => {})
  const over = closed(socket)
  socket.send('x'.repeat(16 * 1024 * 1024 + 1))
  expect(await over).toEqual([
    1009,
    'a message may have 16777216 bytes (16 MiB) at most: send less at a time',
  ])
})

test('what is no text is told so, and so is a socket that has not said who it is', async () => {
  const tenant = await api.tenant()
  const known = await opened(new WebSocket(address(tenant, '/events/in', patientPort), bearer(tenant)))
  const over = closed(known)
  known.send(Buffer.from([0xff, 0xfe]), { binary: false })
  expect(await over).toEqual([1007, 'a text message must be UTF-8'])
  const unknown = await opened(new WebSocket(address(tenant, '/events/in', patientPort), 'prefect'))
  const away = closed(unknown)
  unknown.send('x'.repeat(16 * 1024 * 1024 + 1))
  expect(await away).toMatchObject([1009, expect.stringContaining('16 MiB')])
})

test('a pong on events/in says that everything before its ping is committed', async () => {
  const tenant = await api.tenant()
  const socket = await opened(new WebSocket(address(tenant, '/events/in'), bearer(tenant)))
  await receipt(socket)
  const names = Array.from({ length: 700 }, (_, n) => `many.${String(n).padStart(3, '0')}`)
  for (const name of names) socket.send(JSON.stringify(customEvent(name)))
  await receipt(socket)
  expect((await stored(tenant)).sort()).toEqual(names)
  socket.close()
})

test('frames that are no events are skipped, and their neighbours kept', async () => {
  const tenant = await api.tenant()
  const socket = await opened(new WebSocket(address(tenant, '/events/in'), bearer(tenant)))
  const frames = [
    'not json',
    '[]',
    '{}',
    JSON.stringify({ ...customEvent('x'), occurred: 'yesterday-ish' }),
    JSON.stringify({ ...customEvent('x'), payload: { big: 'y'.repeat(1_600_000) } }),
    JSON.stringify({ ...customEvent('x'), id: 'no-uuid' }),
    JSON.stringify(customEvent('good.one')),
    JSON.stringify({ ...customEvent('nul'), payload: { text: 'a\0b' } }),
    JSON.stringify({ ...customEvent('far'), occurred: '9999-12-31T23:59:59Z' }),
    JSON.stringify({ ...customEvent('early'), occurred: '0001-01-01T00:00:00Z' }),
    JSON.stringify(customEvent('good.two')),
  ]
  for (const frame of frames) socket.send(frame)
  socket.send(Buffer.from([0xff, 0x00]))
  await receipt(socket)
  expect((await stored(tenant)).sort()).toEqual(['early', 'far', 'good.one', 'good.two', 'nul'])
  expect(socket.readyState).toBe(WebSocket.OPEN)
  socket.close()
})

test('an upgrade needs credentials, a scope and a path that exists', async () => {
  const [ours, theirs] = [await api.tenant(), await api.tenant()]
  expect(await refused(new WebSocket(address(ours, '/events/in')))).toBe(401)
  expect(await refused(new WebSocket(address(ours, '/events/in'), bearer(theirs)))).toBe(404)
  expect(await refused(new WebSocket(address(ours, '/events/in'), bearer(ours, 'viewer')))).toBe(403)
  expect(await refused(new WebSocket(address(ours, '/no/such'), bearer(ours)))).toBe(404)
})

test('a socket that never authenticates, or with another tenant’s key, is closed with the reason', async () => {
  const [ours, theirs] = [await api.tenant(), await api.tenant()]
  const silent = await opened(new WebSocket(address(ours, '/events/out'), 'prefect'))
  expect(await closed(silent)).toEqual([1008, "Expected 'auth' message"])
  for (const [frame, reason] of [
    [{ type: 'auth', token: theirs.key() }, 'Invalid token'],
    [{ type: 'auth', token: null }, 'Auth required but no token provided'],
    [{ type: 'filter' }, "Expected 'auth' message"],
  ] as const) {
    const socket = await opened(new WebSocket(address(ours, '/logs/out'), 'prefect'))
    socket.send(JSON.stringify(frame))
    expect(await closed(socket)).toEqual([1008, reason])
  }
})

async function subscribed(tenant: TestTenant, path: string, frame: unknown) {
  const socket = new WebSocket(address(tenant, path), 'prefect')
  const next = inbox(socket)
  await opened(socket)
  socket.send(JSON.stringify({ type: 'auth', token: tenant.key() }))
  expect(await next()).toEqual({ type: 'auth_success' })
  socket.send(JSON.stringify(frame))
  return { socket, next }
}

test('events/out replays the past it was asked for, then goes on live, without a gap or a repeat', async () => {
  const tenant = await api.tenant()
  const since = formatInstant(nowMicros())
  const send = async (name: string) => {
    const answer = await api.call(tenant, 'POST', '/events', [customEvent(name)])
    expect(answer.status).toBe(204)
  }
  await send('seen.1')
  await send('unseen')
  const filter = { event: { prefix: ['seen.'] }, occurred: { since } }
  const { socket, next } = await subscribed(tenant, '/events/out', { type: 'filter', filter })
  expect(await next()).toMatchObject({
    type: 'event',
    event: { event: 'seen.1', workspace: tenant.workspaceId },
  })
  // Of this test's engine, which feeds this test's sockets.
  const live = customEvent('seen.2')
  await engine.receiveEvents(tenant.workspaceId, [
    {
      id: live.id,
      event: live.event,
      occurredMicros: nowMicros(),
      follows: null,
      resource: live.resource,
      related: [],
      payload: {},
      body: JSON.stringify({ resource: live.resource, related: [], payload: {} }) as never,
    },
  ])
  expect(await next()).toMatchObject({ event: { event: 'seen.2', resource: live.resource } })
  socket.close()
})

test('a filter that is none closes with its reason', async () => {
  const tenant = await api.tenant()
  const { socket } = await subscribed(tenant, '/events/out', { type: 'hello' })
  expect(await closed(socket)).toEqual([1002, "Expected 'filter' message"])
  const bad = await subscribed(tenant, '/logs/out', { type: 'filter', filter: { level: { ge_: 'high' } } })
  const [code, reason] = await closed(bad.socket)
  expect([code, reason.startsWith('Invalid filter:')]).toEqual([1002, true])
})

test('logs/out streams the lines that match', async () => {
  const tenant = await api.tenant()
  const flowRunId = uuidv7()
  const { socket, next } = await subscribed(tenant, '/logs/out', {
    type: 'filter',
    filter: { flow_run_id: { any_: [flowRunId] }, level: { ge_: 30 } },
  })
  // A ping is answered once the filter was taken.
  await receipt(socket)
  const line = { taskRunId: null, workerId: null, logger: 'x', atMicros: nowMicros() }
  await engine.writeLogs(tenant.workspaceId, [
    { ...line, flowRunId, level: 20, message: 'too quiet' },
    { ...line, flowRunId: uuidv7(), level: 40, message: 'of another run' },
    { ...line, flowRunId, level: 40, message: 'wanted' },
  ])
  expect(await next()).toMatchObject({ type: 'log', log: { message: 'wanted', flow_run_id: flowRunId } })
  socket.close()
})

test('revocation closes open sockets', async () => {
  const tenant = await api.tenant()
  const socket = await opened(new WebSocket(address(tenant, '/events/in'), bearer(tenant)))
  revocations.get(tenant.workspaceId)?.('this key was revoked')
  expect(await closed(socket)).toEqual([1008, 'this key was revoked'])
})

const hello = {
  type: 'hello',
  protocol: AGENT_PROTOCOL,
  outboxId: randomUUID(),
  agentVersion: '0',
  host: 'h',
  pid: 1,
}

async function agent(tenant: TestTenant) {
  const socket = new WebSocket(address(tenant, '/agent/connect'), bearer(tenant))
  const next = inbox<ServerFrame>(socket)
  await opened(socket)
  socket.send(JSON.stringify(hello))
  expect(await next()).toEqual({
    type: 'welcome',
    workspaceId: tenant.workspaceId,
    accountId: tenant.accountId,
  })
  const send = (records: AgentRecord[], from: number) =>
    socket.send(
      JSON.stringify({ type: 'records', records: records.map((record, i) => ({ seq: from + i, record })) }),
    )
  return { socket, next, send }
}

const at = (micros: number) => formatInstant(micros)

function story(flowRunId: string): AgentRecord[] {
  const now = nowMicros()
  const task = {
    kind: 'task-run',
    id: uuidv7(),
    flowRunId,
    taskKey: 'add',
    dynamicKey: '0',
    name: 'add-0',
    tags: ['t'],
    inputs: { x: [{ type: 'parameter', name: 'n' }] },
    runCount: 1,
  } as const
  return [
    {
      kind: 'flow-run',
      id: flowRunId,
      flowName: 'hello',
      name: 'bright-wren',
      parameters: { n: 1 },
      tags: [],
      state: { id: uuidv7(), type: 'PENDING', at: at(now) },
    },
    { kind: 'flow-run-state', flowRunId, state: { id: uuidv7(), type: 'RUNNING', at: at(now + 1) } },
    { ...task, state: { id: uuidv7(), type: 'RUNNING', at: at(now + 2) } },
    { kind: 'log', id: uuidv7(), flowRunId, logger: 'flow', level: 20, message: 'hi', at: at(now + 3) },
    { ...task, state: { id: uuidv7(), type: 'COMPLETED', at: at(now + 4) } },
    { kind: 'flow-run-state', flowRunId, state: { id: uuidv7(), type: 'COMPLETED', at: at(now + 5) } },
  ]
}

test('an agent’s records are acknowledged after commit, and what is sent twice counts once', async () => {
  const tenant = await api.tenant()
  const flowRunId = uuidv7()
  const records = story(flowRunId)
  const first = await agent(tenant)
  first.send(records, 1)
  expect(await first.next()).toEqual({ type: 'ack', seq: 6 })
  first.socket.close()
  const second = await agent(tenant)
  second.send(records.slice(0, 3), 1)
  second.send(records.slice(3), 4)
  expect([await second.next(), await second.next()]).toEqual([
    { type: 'ack', seq: 3 },
    { type: 'ack', seq: 6 },
  ])
  second.socket.close()
  const run = await api.call(tenant, 'GET', `/flow_runs/${flowRunId}`)
  expect(run.json).toMatchObject({ state_name: 'Completed', run_count: 1, name: 'bright-wren' })
  const states = await api.call(tenant, 'GET', `/flow_run_states/?flow_run_id=${flowRunId}`)
  expect(states.json.map((s: { name: string }) => s.name)).toEqual(['Pending', 'Running', 'Completed'])
  const tasks = await api.call(tenant, 'POST', '/task_runs/filter', {
    task_runs: { flow_run_id: { any_: [flowRunId] } },
  })
  expect(tasks.json).toMatchObject([
    { state_name: 'Completed', task_inputs: { x: [{ input_type: 'parameter', name: 'n' }] } },
  ])
  const logs = await api.call(tenant, 'POST', '/logs/filter', {
    logs: { flow_run_id: { any_: [flowRunId] } },
  })
  expect(logs.json).toHaveLength(1)
})

test('a bad record is refused alone, and the same records go over HTTP', async () => {
  const tenant = await api.tenant()
  const flowRunId = uuidv7()
  const [made, ...rest] = story(flowRunId)
  const answer = await api.call(tenant, 'POST', '/agent/frames', {
    outboxId: randomUUID(),
    records: [
      { seq: 1, record: made },
      { seq: 2, record: { kind: 'nonsense' } },
      {
        seq: 3,
        record: {
          kind: 'flow-run-state',
          flowRunId: uuidv7(),
          state: { id: uuidv7(), type: 'RUNNING', at: at(nowMicros()) },
        },
      },
      ...rest.map((record, i) => ({ seq: 4 + i, record })),
    ],
  })
  expect(answer.status).toBe(200)
  expect(answer.json.ack).toBe(8)
  expect(answer.json.replies.map((r: { type: string; seq: number }) => [r.type, r.seq]).sort()).toEqual([
    ['refused', 2],
    ['refused', 3],
  ])
  const run = await api.call(tenant, 'GET', `/flow_runs/${flowRunId}`)
  expect(run.json.state_name).toBe('Completed')
})

test('an agent learns that its run is to be cancelled', async () => {
  const tenant = await api.tenant()
  const flowRunId = uuidv7()
  const { socket, next, send } = await agent(tenant)
  send(story(flowRunId).slice(0, 2), 1)
  expect(await next()).toEqual({ type: 'ack', seq: 2 })
  await engine.setFlowRunState({
    workspaceId: tenant.workspaceId,
    runId: flowRunId,
    state: { type: 'CANCELLING', name: 'Cancelling', message: '', details: {}, data: null },
    policy: 'core',
    client: { apiVersion: null, clientVersion: null },
  })
  expect(await next()).toEqual({ type: 'cancel', flowRunId })
  socket.close()
})

test('an agent that speaks nonsense is closed with the reason', async () => {
  const tenant = await api.tenant()
  const silent = await opened(new WebSocket(address(tenant, '/agent/connect'), bearer(tenant)))
  silent.send('{"type":"records","records":[]}')
  expect((await closed(silent))[0]).toBe(1008)
  const { socket } = await agent(tenant)
  socket.send('not json')
  expect(await closed(socket)).toEqual([1008, 'a frame is not JSON'])
})
