import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createNotifier } from '../control/notifications/notifier.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { type TestTenant, testApi } from '../testing/api.ts'
import { evaluateAutomations } from './evaluate-automations.ts'
import { createSendNotifications, takeAutomationSteps } from './take-automation-steps.ts'

const { call, tenant, db, services } = await testApi()
/** It stands still but where a test moves it: a receiver does not rest shorter because the machine is slow. */
let now = nowMicros()
const clock = () => now
const scope = { db, engine: createEngine({ db, publish: () => {}, nowMicros: clock }), nowMicros: clock }
const heard: { readonly path: string | undefined; readonly body: { readonly text: string } }[] = []
let status = 200
const receiver = createServer((request, response) => {
  let text = ''
  request.on('data', (part) => {
    text += part
  })
  request.on('end', () => {
    heard.push({ path: request.url, body: JSON.parse(text) })
    response.writeHead(status).end()
  })
})
let hooks = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  hooks = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
})
afterAll(() => receiver.close())

let us: TestTenant
beforeEach(async () => {
  us = await tenant()
  now = nowMicros()
  heard.length = 0
  status = 200
})

const post = async (path: string, body: unknown) => {
  const answer = await call(us, 'POST', path, body)
  expect(answer.status, `${path} ${answer.text}`).toBeLessThan(300)
  return answer.json
}
const POLICIES = '/flow_run_notification_policies'

/** A block as the client makes it, whose address is a secret. */
async function block(url: string, slug = 'slack-webhook'): Promise<string> {
  const type = await post('/block_types/', { name: slug, slug })
  const schema = await post('/block_schemas/', {
    block_type_id: type.id,
    fields: { block_type_slug: slug, properties: { url: { type: 'string' } }, secret_fields: ['url'] },
    capabilities: ['notify'],
  })
  const document = { name: 'hook', data: { url }, block_type_id: type.id, block_schema_id: schema.id }
  return (await post('/block_documents/', document)).id
}

const sendNotifications = (allowsInside = true) =>
  createSendNotifications(
    createNotifier({ authSecret: services.authSecret, publicUrl: 'https://rigel.test', allowsInside }),
  )

async function settle(sending = sendNotifications()): Promise<void> {
  scope.engine.expireWatch()
  for (let quiet = 0; quiet < 2; ) {
    const turns = [evaluateAutomations, takeAutomationSteps, sending].map((service) => service.runOnce(scope))
    const did = (await Promise.all(turns)).some(({ counts }) => Object.values(counts).some((n) => n > 0))
    quiet = did ? 0 : quiet + 1
  }
}

async function run(type: string, more: object = {}): Promise<{ id: string; flowId: string }> {
  const flow = await post('/flows/', { name: 'etl' })
  const made = await post('/flow_runs/', { flow_id: flow.id, name: 'nightly', ...more })
  const state = { type, message: 'no {{ luck }}' }
  await post(`/flow_runs/${made.id}/set_state`, { state, force: true })
  return { id: made.id, flowId: flow.id }
}

const outcomes = async (policyId: string): Promise<unknown[]> =>
  (
    await post('/events/filter', {
      filter: {
        resource: { id: [`prefect.automation.${policyId}`] },
        event: { name: ['prefect.automation.action.executed', 'prefect.automation.action.failed'] },
        occurred: { until: new Date(Date.now() + 86_400_000).toISOString() },
      },
    })
  ).events.map((event: { event: string; payload: { reason?: string } }) => [
    event.event.split('.').at(-1),
    event.payload.reason,
  ])

test('a policy notifies once of each run that comes to its states, and of no other', async () => {
  const policy = await post(`${POLICIES}/`, {
    state_names: ['Failed', 'Crashed'],
    tags: ['prod', 'eu'],
    block_document_id: await block(`${hooks}/T/B/X`),
    message_template:
      '{{literally}} {flow_name}/{flow_run_name} {flow_run_id} {flow_id} {flow_run_state_type} {flow_run_state_name} {flow_run_state_message} {flow_run_parameters} {flow_run_url} {flow_run_notification_policy_id}',
  })
  expect(policy).toMatchObject({ is_active: true, state_names: ['Failed', 'Crashed'], tags: ['prod', 'eu'] })
  scope.engine.expireWatch()
  services.engine.expireWatch()
  await run('FAILED', { tags: ['test'] })
  await run('COMPLETED', { tags: ['eu'] })
  const { id, flowId } = await run('FAILED', { tags: ['eu'], parameters: { n: 1 } })
  await settle()
  const page = `https://rigel.test/account/${us.accountId}/workspace/${us.workspaceId}/runs/flow-run/${id}`
  expect(heard).toEqual([
    {
      path: '/T/B/X',
      body: {
        text: `*etl/nightly: Failed*\n{literally} etl/nightly ${id} ${flowId} FAILED Failed no {{ luck }} {"n":1} ${page} ${policy.id}`,
      },
    },
  ])
  expect(await outcomes(policy.id)).toEqual([['executed', undefined]])
})

test('a policy is listed, changed, switched off and deleted', async () => {
  const block_document_id = await block(`${hooks}/`)
  const made = await post(`${POLICIES}/`, { state_names: [], tags: [], block_document_id })
  const off = await post(`${POLICIES}/`, {
    is_active: false,
    state_names: ['Late'],
    tags: [],
    block_document_id,
  })
  const at = `${POLICIES}/${made.id}`
  expect(made).toMatchObject({ message_template: null })
  const ids = async (is_active?: boolean) =>
    (
      await post(`${POLICIES}/filter`, {
        ...(is_active === undefined
          ? {}
          : { flow_run_notification_policy_filter: { is_active: { eq_: is_active } } }),
      })
    ).map((policy: { id: string }) => policy.id)
  expect([await ids(), await ids(true), await ids(false)]).toEqual([[made.id, off.id], [made.id], [off.id]])
  expect((await call(us, 'PATCH', at, { message_template: 'Now {flow_run_name}' })).status).toBe(204)
  services.engine.expireWatch()
  await run('COMPLETED')
  await settle()
  expect(heard.map(({ body }) => body.text)).toContain('*etl/nightly: Completed*\nNow nightly')
  expect((await call(us, 'PATCH', at, { is_active: false, message_template: null })).status).toBe(204)
  expect((await call(us, 'GET', at)).json).toMatchObject({
    ...made,
    is_active: false,
    updated: expect.any(String),
  })
  heard.length = 0
  services.engine.expireWatch()
  await run('COMPLETED')
  await settle()
  expect(heard).toEqual([])
  expect((await call(us, 'DELETE', at)).status).toBe(204)
  for (const method of ['GET', 'DELETE']) expect((await call(us, method, at)).status).toBe(404)
  expect((await call(us, 'PATCH', at, { is_active: true })).status).toBe(404)
})

test('a policy is an automation, and no more when that is made to do something else', async () => {
  const block_document_id = await block(`${hooks}/`)
  const policy = await post(`${POLICIES}/`, { state_names: ['Failed'], tags: [], block_document_id })
  const at = `/automations/${policy.id}`
  const { json: automation } = await call(us, 'GET', at)
  expect(automation.actions).toMatchObject([{ type: 'send-notification', block_document_id }])
  expect((await call(us, 'PUT', at, { ...automation, enabled: false })).status).toBe(204)
  expect((await call(us, 'GET', `${POLICIES}/${policy.id}`)).json).toMatchObject({ is_active: false })
  expect((await call(us, 'PUT', at, { ...automation, actions: [{ type: 'do-nothing' }] })).status).toBe(204)
  for (const method of ['GET', 'DELETE'])
    expect((await call(us, method, `${POLICIES}/${policy.id}`)).status).toBe(404)
  expect((await call(us, 'GET', at)).status).toBe(200)
})

test('what could never be sent is refused', async () => {
  const state_names = ['Failed']
  const block_document_id = await block(`${hooks}/`)
  const refused = async (body: object) => (await call(us, 'POST', `${POLICIES}/`, body)).status
  expect(await refused({ state_names, tags: [], block_document_id: randomUUID() })).toBe(404)
  expect(await refused({ state_names, tags: [], block_document_id, message_template: '{nobody}' })).toBe(422)
  expect(await refused({ state_names, tags: ['a*'], block_document_id })).toBe(422)
  expect(await refused({ state_names })).toBe(422)
  const other = await call(us, 'POST', `${POLICIES}/`, {
    state_names,
    tags: [],
    block_document_id: await block('x', 'carrier-pigeon'),
  })
  expect([other.status, other.text]).toEqual([
    422,
    expect.stringContaining('does not send notifications through blocks of type carrier-pigeon yet'),
  ])
  const key = us.key('viewer')
  expect(
    (await call(us, 'POST', `${POLICIES}/`, { state_names, tags: [], block_document_id }, { key })).status,
  ).toBe(403)
  expect((await call(us, 'POST', `${POLICIES}/filter`, {})).json).toEqual([])
})

test('a receiver that is away keeps nobody else waiting, and no queue for ever', async () => {
  const policy = await post(`${POLICIES}/`, {
    state_names: ['Failed'],
    tags: [],
    block_document_id: await block(`${hooks}/`),
  })
  services.engine.expireWatch()
  status = 503
  await run('FAILED')
  const sending = sendNotifications()
  await settle(sending)
  await run('FAILED')
  await settle(sending)
  // The second is not tried while the receiver rests.
  expect(heard).toHaveLength(1)
  now += 3_700 * 1e6
  await settle(sending)
  const told = [
    ['failed', 'The receiver answered 503.'],
    ['failed', 'The receiver answered 503.'],
  ]
  expect([heard.length, await outcomes(policy.id)]).toEqual([3, told])
})

test('a notification that cannot be delivered now is tried again, and one that never can be is told', async () => {
  const policy = await post(`${POLICIES}/`, {
    state_names: ['Failed'],
    tags: [],
    block_document_id: await block(`${hooks}/`),
  })
  services.engine.expireWatch()
  status = 503
  await run('FAILED')
  await settle()
  expect([heard.length, await outcomes(policy.id)]).toEqual([1, []])
  status = 404
  now += 120 * 1e6
  await settle()
  expect([heard.length, await outcomes(policy.id)]).toEqual([2, [['failed', 'The receiver answered 404.']]])
  await run('FAILED')
  await settle(sendNotifications(false))
  expect([heard.length, (await outcomes(policy.id)).length]).toEqual([2, 2])
})
