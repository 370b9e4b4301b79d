import { beforeAll, describe, expect, test } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { makeDeployment } from '../../testing/work.ts'

const { call, tenant, db, services } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string

const post = (path: string, body: unknown = {}) => call(us, 'POST', path, body)
const inSeconds = (seconds: number): string => formatInstant(services.nowMicros() + seconds * 1_000_000)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await post('/flows/', { name: 'asks' })).json.id
})

const keyset = {
  schema: 'paused-1-schema',
  response: 'paused-1-response',
  description: 'paused-1-description',
}
const schema = {
  title: 'Approval',
  type: 'object',
  properties: { amount: { title: 'Amount', type: 'integer' }, note: { type: 'string', default: 'none' } },
  required: ['amount'],
}

async function paused(details: object = {}, more: object = {}): Promise<string> {
  const { id } = (await post('/flow_runs/', { flow_id: flowId, ...more })).json
  await post(`/flow_runs/${id}/set_state`, { state: { type: 'RUNNING' } })
  const answer = await post(`/flow_runs/${id}/set_state`, {
    state: {
      type: 'PAUSED',
      state_details: { pause_key: '1', pause_timeout: inSeconds(60), pause_reschedule: false, ...details },
    },
  })
  expect(answer.json.status, answer.text).toBe('ACCEPT')
  return id
}
const asking = async (itsSchema: string | null = JSON.stringify(schema)): Promise<string> => {
  const id = await paused({ run_input_keyset: keyset })
  if (itsSchema !== null) await post(`/flow_runs/${id}/input`, { key: keyset.schema, value: itsSchema })
  return id
}
const resume = (id: string, run_input?: unknown) => post(`/flow_runs/${id}/resume`, { run_input })
const stateOf = async (id: string) => (await call(us, 'GET', `/flow_runs/${id}`)).json
const responseOf = (id: string) => call(us, 'GET', `/flow_runs/${id}/input/${keyset.response}`)

describe('resuming', () => {
  test('a pause goes on in its process, in the same attempt', async () => {
    const id = await paused()
    const answer = await resume(id)
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      status: 'ACCEPT',
      state: { type: 'RUNNING' },
      details: { type: 'accept_details' },
    })
    expect(await stateOf(id)).toMatchObject({ state_type: 'RUNNING', run_count: 1 })
  })

  test('a suspended run is scheduled for now', async () => {
    const deploymentId = await makeDeployment(db, { workspaceId: us.workspaceId, flowId })
    const id = await paused({ pause_reschedule: true }, { deployment_id: deploymentId })
    expect((await resume(id)).json.state).toMatchObject({ type: 'SCHEDULED', name: 'Resuming' })
    expect((await stateOf(id)).next_scheduled_start_time).not.toBeNull()
  })

  test('needs a pause, a run and a scope', async () => {
    const { id } = (await post('/flow_runs/', { flow_id: flowId })).json
    const answer = await resume(id)
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      state: null,
      status: 'ABORT',
      details: { type: 'abort_details', reason: 'Cannot resume a flow run that is not paused.' },
    })
    expect((await resume(uuidv7())).status).toBe(404)
    const ours = await paused()
    expect((await call(them, 'POST', `/flow_runs/${ours}/resume`, {})).status).toBe(404)
    expect((await call(us, 'POST', `/flow_runs/${ours}/resume`, {}, { key: us.key('viewer') })).status).toBe(
      403,
    )
    expect((await stateOf(ours)).state_type).toBe('PAUSED')
    expect((await call(us, 'POST', `/flow_runs/${ours}/resume`)).json.status).toBe('ACCEPT')
  })

  test('comes too late after the time-out', async () => {
    const id = await paused({ pause_timeout: inSeconds(-1) })
    expect((await resume(id)).json).toMatchObject({
      status: 'REJECT',
      state: { type: 'FAILED', message: 'The flow was paused and never resumed.' },
      details: { type: 'reject_details' },
    })
  })

  test('by several people at once happens once', async () => {
    const id = await paused()
    const answers = await Promise.all([resume(id), resume(id), resume(id)])
    const { run_count, state_type } = await stateOf(id)
    expect([run_count, state_type]).toEqual([1, 'RUNNING'])
    expect(answers.map(({ json }) => json.status).sort()).toEqual(['ABORT', 'ABORT', 'ACCEPT'])
  })
})

describe('an input that the run asked for', () => {
  test('is laid where the run looks for it, to the last digit', async () => {
    const id = await asking()
    const answer = await post(
      `/flow_runs/${id}/resume`,
      '{"run_input":{"amount":12345678901234567890,"note":"fine"}}',
    )
    expect(answer.json.status, answer.text).toBe('ACCEPT')
    const given = await responseOf(id)
    expect(given.text).toBe('{"amount":12345678901234567890,"note":"fine"}')
  })

  test.each([
    [{ amount: 'a lot' }, 'Reason: input amount must be integer, not "a lot".'],
    [{}, 'Reason: input amount is required.'],
    [undefined, 'Reason: input amount is required.'],
    [{ amount: { __prefect_kind: 'json', value: '{' } }, /^Error hydrating run input: /],
  ])('%j is refused, and the run waits on', async (input, reason) => {
    const id = await asking()
    const answer = await resume(id, input)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({
      status: 'REJECT',
      state: { type: 'PAUSED' },
      details: { type: 'abort_details', reason: expect.stringMatching(reason) },
    })
    expect((await stateOf(id)).state_type).toBe('PAUSED')
    expect((await responseOf(id)).status).toBe(404)
  })

  test.each([
    [null, 'Run input schema not found.'],
    ['no json', 'The run input schema that the run left is no JSON.'],
    ['{"$ref":"http://elsewhere/schema"}', /cannot be used/],
  ])('cannot be checked against the schema %j', async (its, reason) => {
    const id = await asking(its)
    expect((await resume(id, { amount: 1 })).json).toMatchObject({
      status: 'REJECT',
      details: { reason: expect.stringMatching(reason) },
    })
  })

  test('cannot be laid under a key that no input can have', async () => {
    const id = await paused({ run_input_keyset: { schema: 'a', response: 'Not A Key' } })
    expect((await resume(id, {})).json.status).toBe('REJECT')
  })

  test('fills placeholders in', async () => {
    const id = await asking()
    await resume(id, { amount: { __prefect_kind: 'json', value: '7' } })
    expect((await responseOf(id)).text).toBe('{"amount":7}')
  })
})

test('the policy that a client sends leaves alone what it does not know', async () => {
  const { id } = (
    await post('/flow_runs/', {
      flow_id: flowId,
      empirical_policy: { finish_within_seconds: 60, on_lost: 'reschedule' },
    })
  ).json
  await call(us, 'PATCH', `/flow_runs/${id}`, { empirical_policy: { retries: 2, retry_delay: 1 } })
  expect((await stateOf(id)).empirical_policy).toMatchObject({
    retries: 2,
    finish_within_seconds: 60,
    on_lost: 'reschedule',
  })
  for (const bad of [{ finish_within_seconds: -1 }, { start_within_seconds: 'x' }, { on_lost: 'explode' }]) {
    expect((await post('/flow_runs/', { flow_id: flowId, empirical_policy: bad })).status).toBe(422)
  }
})
