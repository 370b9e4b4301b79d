import { expect, test } from 'vitest'
import type { AgentRecord } from '../../../agent/src/protocol/frames.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { nowMicros } from '../../engine/clock.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'

const api = await testApi()

const state = (type: 'PENDING' | 'RUNNING' | 'COMPLETED', at: number, more: object = {}) => ({
  id: uuidv7(),
  type,
  at: formatInstant(at),
  ...more,
})

async function post(tenant: TestTenant, records: readonly AgentRecord[]) {
  const numbered = records.map((record, i) => ({ seq: i + 1, record }))
  const { status, json } = await api.call(tenant, 'POST', '/agent/frames', {
    outboxId: uuidv7(),
    records: numbered,
  })
  expect(status).toBe(200)
  return json as { ack: number; replies: { type: string; reason: string }[] }
}

const flowRun = (id: string, name: string, at: number, parentTaskRunId?: string): AgentRecord => ({
  kind: 'flow-run',
  id,
  flowName: name,
  name,
  parameters: {},
  tags: [],
  ...(parentTaskRunId && { parentTaskRunId }),
  state: state('PENDING', at),
})

const standIn = (id: string, flowRunId: string, at: number): AgentRecord => ({
  kind: 'task-run',
  id,
  flowRunId,
  taskKey: 'child',
  dynamicKey: id,
  name: `stand-in ${id}`,
  tags: [],
  inputs: {},
  runCount: 0,
  state: state('PENDING', at),
})

test('what stands for a sub-flow takes as long as the sub-flow did, also when all of it comes in one frame', async () => {
  const tenant = await api.tenant()
  const [parent, child, grandchild] = [uuidv7(), uuidv7(), uuidv7()]
  const [first, second] = [uuidv7(), uuidv7()]
  const t = nowMicros() - 10_000_000
  const enters = (flowRunId: string, type: 'RUNNING' | 'COMPLETED', at: number): AgentRecord => ({
    kind: 'flow-run-state',
    flowRunId,
    state: state(type, at),
  })
  const { ack, replies } = await post(tenant, [
    flowRun(parent, 'parent', t),
    enters(parent, 'RUNNING', t + 1),
    standIn(first, parent, t + 2),
    flowRun(child, 'child', t + 3, first),
    enters(child, 'RUNNING', t + 4),
    standIn(second, child, t + 5),
    flowRun(grandchild, 'grandchild', t + 6, second),
    enters(grandchild, 'RUNNING', t + 1_000_000),
    enters(grandchild, 'COMPLETED', t + 3_000_000),
    enters(child, 'COMPLETED', t + 5_000_004),
    enters(parent, 'COMPLETED', t + 6_000_000),
  ])
  expect({ ack, replies }).toEqual({ ack: 11, replies: [] })
  for (const [id, seconds] of [
    [first, 5],
    [second, 2],
  ] as const) {
    const { json } = await api.call(tenant, 'GET', `/task_runs/${id}`)
    expect(json).toMatchObject({ state_type: 'COMPLETED', run_count: 1 })
    expect(json.total_run_time).toBeCloseTo(seconds, 3)
    expect(Date.parse(json.end_time) - Date.parse(json.start_time)).toBeCloseTo(seconds * 1000, -1)
  }
})

test('a state under a claim names it, and one under a stale claim is refused with the reason', async () => {
  const tenant = await api.tenant()
  const made = await api.call(tenant, 'POST', '/flows/', { name: 'claimed' })
  const run = await api.call(tenant, 'POST', '/flow_runs/', {
    flow_id: made.json.id,
    name: 'claimed-run',
    state: { type: 'SCHEDULED' },
  })
  const claimed = await api.call(tenant, 'POST', `/flow_runs/${run.json.id}/set_state`, {
    state: { type: 'PENDING' },
  })
  const token = claimed.json.state.state_details.claim_token
  expect(token).toEqual(expect.any(String))
  const under = (claimToken: string): AgentRecord => ({
    kind: 'flow-run-state',
    flowRunId: run.json.id,
    state: state('RUNNING', nowMicros() + 1_000_000, { claimToken }),
  })
  const stale = await post(tenant, [under(uuidv7())])
  expect(stale.replies).toEqual([
    expect.objectContaining({ type: 'verdict', verdict: 'ABORT', reason: expect.stringContaining('claim') }),
  ])
  expect((await post(tenant, [under(token)])).replies).toEqual([])
  const { json } = await api.call(tenant, 'GET', `/flow_runs/${run.json.id}`)
  expect(json.state).toMatchObject({ type: 'RUNNING', state_details: { claim_token: token } })
})

test("a run that an agent executes holds its deployment's slot until it ends, however long it runs", async () => {
  const tenant = await api.tenant()
  const flow = await api.call(tenant, 'POST', '/flows/', { name: 'limited' })
  const deployment = await api.call(tenant, 'POST', '/deployments/', {
    name: 'one at a time',
    flow_id: flow.json.id,
    concurrency_limit: 1,
  })
  const run = await api.call(tenant, 'POST', `/deployments/${deployment.json.id}/create_flow_run`, {})
  const claimed = await api.call(tenant, 'POST', `/flow_runs/${run.json.id}/set_state`, {
    state: { type: 'PENDING' },
  })
  const claimToken = claimed.json.state.state_details.claim_token
  const slots = async () =>
    (await api.call(tenant, 'GET', `/v2/concurrency_limits/deployment:${deployment.json.id}/slots`)).json
  expect(await slots()).toEqual([expect.objectContaining({ until: expect.any(String) })])
  const enters = (type: 'RUNNING' | 'COMPLETED', at: number): AgentRecord => ({
    kind: 'flow-run-state',
    flowRunId: run.json.id,
    state: state(type, at, { claimToken }),
  })
  await post(tenant, [enters('RUNNING', nowMicros() + 1_000_000)])
  expect(await slots()).toEqual([
    expect.objectContaining({ until: null, holder: expect.objectContaining({ id: run.json.id }) }),
  ])
  await post(tenant, [enters('COMPLETED', nowMicros() + 2_000_000)])
  expect(await slots()).toEqual([])
})
