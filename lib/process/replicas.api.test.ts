import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import WebSocket from 'ws'
import { AGENT_PROTOCOL } from '../../agent/src/protocol/frames.ts'
import { uuidv7 } from '../db/uuid.ts'
import { afterFile } from '../testing/cleanup.ts'
import { type ServerTenant, startTestServer, type TestServer } from '../testing/server.ts'

const here = await startTestServer({ services: false })
const there = await startTestServer({ services: false, replicaOf: here })

const replicas = (server: TestServer) => server.running.application.services.replicas
await vi.waitUntil(() => replicas(here).peers === 1 && replicas(there).peers === 1, { timeout: 10_000 })

const tenant = await here.tenant()
/** The same workspace, by the other process. */
const throughOther = (method: string, path: string, body?: unknown) =>
  fetch(tenant.url.replace(here.url, there.url) + path, {
    method,
    headers: { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const json = async (answer: Response) => (await answer.json()) as { id: string }

async function flowRun(of: ServerTenant = tenant): Promise<string> {
  const flow = await json(await of.call('POST', '/flows/', { name: `f-${randomUUID()}` }))
  const made = await of.call('POST', '/flow_runs/', {
    flow_id: flow.id,
    state: { type: 'PENDING', name: 'Pending' },
  })
  return (await json(made)).id
}

/** Frames as they come. */
async function socketHere(path: string, first: unknown, needsAuth = true) {
  const socket = new WebSocket(
    tenant.url.replace('http', 'ws') + path,
    needsAuth ? ['prefect'] : [],
    needsAuth ? {} : { headers: { authorization: `Bearer ${tenant.apiKey}` } },
  )
  afterFile(() => socket.terminate())
  const frames: Record<string, never>[] = []
  socket.on('message', (data) => frames.push(JSON.parse(String(data))))
  await once(socket, 'open')
  if (needsAuth) {
    socket.send(JSON.stringify({ type: 'auth', token: tenant.apiKey }))
    await expect.poll(() => frames.shift()).toEqual({ type: 'auth_success' })
  }
  socket.send(JSON.stringify(first))
  // Answered in order: the filter is in force.
  const pong = once(socket, 'pong')
  socket.ping()
  await pong
  return { socket, frames }
}

const eventNames = (frames: readonly Record<string, never>[]) =>
  frames.map((frame) => (frame as { event?: { event?: string } }).event?.event)

test('a subscriber here is sent what a run does there, once, and in the order of what is done', async () => {
  const id = await flowRun()
  const { frames } = await socketHere('/events/out', {
    type: 'filter',
    filter: { resource: { id: [`prefect.flow-run.${id}`] } },
  })
  const set = (type: string) =>
    ({ state: { type, name: type.charAt(0) + type.slice(1).toLowerCase() }, force: true }) as const
  await throughOther('POST', `/flow_runs/${id}/set_state`, set('RUNNING'))
  await expect.poll(() => eventNames(frames)).toEqual(['prefect.flow-run.Running'])
  await throughOther('POST', `/flow_runs/${id}/set_state`, set('CANCELLING'))
  await expect
    .poll(() => eventNames(frames))
    .toEqual(['prefect.flow-run.Running', 'prefect.flow-run.Cancelling'])
  await tenant.call('POST', `/flow_runs/${id}/set_state`, set('CANCELLED'))
  await expect.poll(() => eventNames(frames).at(-1)).toBe('prefect.flow-run.Cancelled')
  // What was committed here is in the other's range as well.
  await throughOther('POST', '/events', [
    {
      id: randomUUID(),
      occurred: new Date().toISOString(),
      event: 'last.of.all',
      resource: { 'prefect.resource.id': `prefect.flow-run.${id}` },
      related: [],
      payload: {},
    },
  ])
  await expect.poll(() => eventNames(frames).at(-1)).toBe('last.of.all')
  expect(frames).toHaveLength(4)
})

test('an agent that is connected here is asked to stop by a cancellation there', async () => {
  const { socket, frames } = await socketHere(
    '/agent/connect',
    { type: 'hello', protocol: AGENT_PROTOCOL, outboxId: randomUUID(), agentVersion: '0', host: 'h', pid: 1 },
    false,
  )
  const flowRunId = uuidv7()
  const states = ['PENDING', 'RUNNING'].map((type, i) => ({
    id: uuidv7(),
    type,
    at: new Date(Date.now() + i).toISOString(),
  }))
  const records = [
    { kind: 'flow-run', id: flowRunId, flowName: 'f', name: 'n', parameters: {}, tags: [], state: states[0] },
    { kind: 'flow-run-state', flowRunId, state: states[1] },
  ]
  socket.send(
    JSON.stringify({ type: 'records', records: records.map((record, i) => ({ seq: i + 1, record })) }),
  )
  await expect.poll(() => frames.at(-1)).toEqual({ type: 'ack', seq: 2 })
  await throughOther('POST', `/flow_runs/${flowRunId}/set_state`, {
    state: { type: 'CANCELLING', name: 'Cancelling' },
  })
  await expect.poll(() => frames.at(-1)).toEqual({ type: 'cancel', flowRunId })
})

test('lines written there are followed here, of the runs that were asked for', async () => {
  const [mine, another] = [await flowRun(), await flowRun()]
  const { frames } = await socketHere('/logs/out', {
    type: 'filter',
    filter: { flow_run_id: { any_: [mine] } },
  })
  const line = (flowRunId: string, message: string) => ({
    name: 'x',
    level: 20,
    message,
    timestamp: new Date().toISOString(),
    flow_run_id: flowRunId,
  })
  await throughOther('POST', '/logs/', [line(another, 'no'), line(mine, 'one'), line(mine, 'two')])
  const messages = () => frames.map((frame) => (frame as { log?: { message?: string } }).log?.message)
  await expect.poll(() => messages().length).toBe(2)
  await tenant.call('POST', '/logs/', [line(mine, 'three')])
  await throughOther('POST', '/logs/', [line(mine, 'four')])
  await expect.poll(() => messages().length).toBe(4)
  expect(messages().toSorted()).toEqual(['four', 'one', 'three', 'two'])
})

test('a page here refetches when its run moves there, and not for another run or tenant', async () => {
  const [mine, another] = [await flowRun(), await flowRun()]
  const { hub } = here.running.application.services
  const gaps: string[] = []
  const follow = (topic: 'runs' | `flow-run:${string}` | 'objects:variable') =>
    hub.subscribe(tenant.workspaceId, topic, null, { onChanges: () => {}, onGap: () => gaps.push(topic) })
  const subscriptions = [follow(`flow-run:${mine}`), follow('objects:variable'), follow('runs')]
  const rendered = hub.cursor(tenant.workspaceId)
  const state = { state: { type: 'RUNNING', name: 'Running' } }
  await throughOther('POST', `/flow_runs/${another}/set_state`, state)
  await expect.poll(() => gaps).toEqual(['runs'])
  await throughOther('POST', `/flow_runs/${mine}/set_state`, state)
  await throughOther('POST', '/variables/', { name: 'v', value: 1 })
  // Held back to one refetch a second, then all at once.
  await expect
    .poll(() => gaps, { timeout: 5_000 })
    .toEqual(['runs', `flow-run:${mine}`, 'objects:variable', 'runs'])
  for (const subscription of subscriptions) subscription.close()
  // Who was rendered before and comes for the rest now has missed it.
  let gapOf: string | undefined
  hub
    .subscribe(tenant.workspaceId, 'runs', rendered, { onChanges: () => {}, onGap: (at) => (gapOf = at) })
    .close()
  expect(gapOf).toBeDefined()
})

test('what moved while the listening connection was away is made good when it is back', async () => {
  const id = await flowRun()
  const { frames } = await socketHere('/events/out', {
    type: 'filter',
    filter: { resource: { id: [`prefect.flow-run.${id}`] } },
  })
  await here.db.engine`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'rigel listener' and datname = current_database()`
  await throughOther('POST', `/flow_runs/${id}/set_state`, { state: { type: 'RUNNING', name: 'Running' } })
  await expect.poll(() => eventNames(frames), { timeout: 10_000 }).toEqual(['prefect.flow-run.Running'])
})

interface Claims {
  readonly claims: readonly { readonly flow_run: { readonly id: string }; readonly token: string }[]
  readonly cancelling: readonly string[]
}

test('a worker that waits here is handed the run that is made there, and told when it is cancelled there', async () => {
  await tenant.call('POST', '/work_pools/', { name: 'shared', type: 'process' })
  const flow = await json(await tenant.call('POST', '/flows/', { name: 'worked' }))
  const made = await tenant.call('POST', '/deployments/', {
    name: 'd',
    flow_id: flow.id,
    work_pool_name: 'shared',
  })
  const deployment = await json(made)
  const claim = async (knownCancelling: readonly string[] = []): Promise<Claims> => {
    const answer = await tenant.call('POST', '/work_pools/shared/claim', {
      worker_name: 'w',
      wait_seconds: 30,
      known_cancelling: knownCancelling,
    })
    return (await answer.json()) as Claims
  }
  // Nothing is due, which this process then knows.
  await tenant.call('POST', '/work_pools/shared/claim', { worker_name: 'w' })
  const waiting = claim()
  const run = await json(await throughOther('POST', `/deployments/${deployment.id}/create_flow_run`, {}))
  expect((await waiting).claims.map((each) => each.flow_run.id)).toEqual([run.id])
  const token = (await waiting).claims[0]?.token
  await tenant.call('POST', `/flow_runs/${run.id}/set_state`, {
    state: { type: 'RUNNING', name: 'Running', state_details: { claim_token: token } },
  })
  const told = claim()
  await throughOther('POST', `/flow_runs/${run.id}/set_state`, {
    state: { type: 'CANCELLING', name: 'Cancelling' },
  })
  expect((await told).cancelling).toEqual([run.id])
})

test('an automation made by one process sees the events that another stores', async () => {
  const { db } = there.running.application.services
  const event = () => ({
    id: uuidv7(),
    occurred: new Date().toISOString(),
    event: 'seen.elsewhere',
    resource: { 'prefect.resource.id': 'x' },
  })
  const waiting = async () => {
    const answer = await throughOther('POST', '/events', [event()])
    expect(answer.status).toBe(204)
    const rows = await db.engine`select from automation_intake where workspace_id = ${tenant.workspaceId}`
    return rows.length
  }
  // So that the other process has looked already, and found nothing.
  expect(await waiting()).toBe(0)
  const made = await tenant.call('POST', '/automations/', {
    name: 'seen',
    trigger: { type: 'event', posture: 'Reactive', expect: ['seen.*'] },
    actions: [{ type: 'do-nothing' }],
  })
  expect(made.status).toBe(201)
  await vi.waitUntil(async () => (await waiting()) > 0, { timeout: 10_000 })
})
