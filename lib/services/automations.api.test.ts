import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { type TestTenant, testApi } from '../testing/api.ts'
import { evaluateAutomations } from './evaluate-automations.ts'
import { takeAutomationSteps } from './take-automation-steps.ts'

const { call, tenant, db } = await testApi()
/** One clock that the tests move, and two replicas besides the one that serves. */
let skippedMicros = 0
const clock = () => nowMicros() + skippedMicros
const pass = (seconds: number): void => {
  skippedMicros += seconds * 1e6
}
const replica = () => ({
  db,
  engine: createEngine({ db, publish: () => {}, nowMicros: clock }),
  nowMicros: clock,
})
const replicas = [replica(), replica()] as const

let us: TestTenant
beforeEach(async () => {
  skippedMicros = 0
  us = await tenant()
})

const post = async (path: string, body: unknown) => {
  const answer = await call(us, 'POST', path, body)
  expect(answer.status, `${path} ${answer.text}`).toBeLessThan(300)
  return answer.json
}
const read = async (path: string) => (await call(us, 'GET', path)).json

/** Lets both replicas work at the same time until neither finds anything to do. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    const turns = await Promise.all(
      replicas.flatMap((each) => [evaluateAutomations.runOnce(each), takeAutomationSteps.runOnce(each)]),
    )
    const did = turns.some(({ counts }) => Object.values(counts).some((count) => count > 0))
    quiet = did ? 0 : quiet + 1
  }
}

const reactive = (more: object) => ({ type: 'event', posture: 'Reactive', ...more })
const automate = async (trigger: object, ...actions: object[]): Promise<string> => {
  const { id } = await post('/automations/', { name: 'auto', trigger, actions })
  // As a hint from the replica that made it does.
  for (const { engine } of replicas) engine.expireWatch()
  return id
}

const emit = (name: string, resource: string, more: object = {}) =>
  post('/events', [
    {
      id: randomUUID(),
      occurred: new Date().toISOString(),
      event: name,
      resource: { 'prefect.resource.id': resource },
      related: [],
      payload: {},
      ...more,
    },
  ])

const deploy = async (more: object = {}): Promise<string> => {
  const flow = await post('/flows/', { name: randomUUID() })
  return (
    await post('/deployments/', { name: 'd', flow_id: flow.id, enforce_parameter_schema: false, ...more })
  ).id
}
const runsOf = async (deploymentId: string) =>
  post('/flow_runs/filter', { flow_runs: { deployment_id: { any_: [deploymentId] } } })
const run = (deployment_id: string, more: object = {}) => ({
  type: 'run-deployment',
  source: 'selected',
  deployment_id,
  ...more,
})
/** The clock of the tests runs ahead. */
const until = new Date(Date.now() + 86_400_000).toISOString()
const told = async (automationId: string): Promise<string[]> =>
  (
    await post('/events/filter', {
      filter: { resource: { id: [`prefect.automation.${automationId}`] }, order: 'ASC', occurred: { until } },
    })
  ).events.map((event: { event: string }) => event.event.replace('prefect.automation.', ''))

describe('an automation', () => {
  test('runs a deployment with parameters made of the event, once for each event', async () => {
    const target = await deploy({ parameters: { kept: true } })
    const id = await automate(
      reactive({ expect: ['order.*'], match: { 'prefect.resource.id': 'order.*' } }),
      run(target, {
        parameters: {
          who: { __prefect_kind: 'jinja', template: '{{ event.resource.id }} {{ event.payload.n }}' },
          big: '12345678901234567890',
        },
      }),
    )
    await emit('order.made', 'order.1', { payload: { n: 7 } })
    await emit('order.made', 'elsewhere')
    await emit('other', 'order.2')
    await settle()
    expect(await runsOf(target)).toMatchObject([
      {
        parameters: { kept: true, who: 'order.1 7', big: '12345678901234567890' },
        created_by: { id, type: 'AUTOMATION', display_value: 'auto' },
      },
    ])
    expect(await told(id)).toEqual(['created', 'triggered', 'action.triggered', 'action.executed'])
  })

  test('counts each of many events once, however many replicas count', async () => {
    const target = await deploy()
    await automate(reactive({ expect: ['tick'], threshold: 3, within: 600 }), run(target))
    await Promise.all(Array.from({ length: 30 }, (_, i) => emit('tick', `t.${i}`)))
    const twice = { id: randomUUID(), occurred: new Date().toISOString() }
    for (let i = 0; i < 3; i++) await emit('tick', 'again', twice)
    await settle()
    expect(await runsOf(target)).toHaveLength(10)
  })

  test('counts by the value of a label', async () => {
    const target = await deploy()
    await automate(
      reactive({ expect: ['tick'], for_each: ['prefect.resource.id'], threshold: 2, within: 60 }),
      run(target, {
        parameters: { who: { __prefect_kind: 'jinja', template: "{{ labels['prefect.resource.id'] }}" } },
      }),
    )
    for (const who of ['a', 'b', 'c', 'a']) await emit('tick', who)
    await settle()
    expect(await runsOf(target)).toMatchObject([{ parameters: { who: 'a' } }])
  })

  test('misses what does not come after something else', async () => {
    const target = await deploy()
    await automate(
      {
        type: 'event',
        posture: 'Proactive',
        after: ['begin'],
        expect: ['end'],
        for_each: ['prefect.resource.id'],
        within: 10,
      },
      run(target, { parameters: { who: { __prefect_kind: 'jinja', template: '{{ event.resource.id }}' } } }),
    )
    for (const who of ['quiet', 'prompt']) await emit('begin', who)
    await emit('end', 'prompt')
    await settle()
    expect(await runsOf(target)).toEqual([])
    pass(13)
    await settle()
    pass(60)
    await settle()
    expect(await runsOf(target)).toMatchObject([{ parameters: { who: 'quiet' } }])
  })

  test('takes what happened in one instant in the order in which it came', async () => {
    const id = await automate(reactive({ after: ['begin'], expect: ['end'], within: 10 }))
    const occurred = new Date().toISOString()
    // Ids say nothing of the order.
    const [last, first] = [() => randomUUID().replace(/^./, 'f'), () => randomUUID().replace(/^./, '0')]
    await emit('begin', 'x', { id: last(), occurred })
    await emit('end', 'x', { id: first(), occurred })
    await settle()
    expect((await told(id)).filter((event) => event === 'triggered')).toHaveLength(1)
    const resource = { 'prefect.resource.id': 'y' }
    await post('/events', [
      { id: last(), occurred, event: 'begin', resource },
      { id: first(), occurred, event: 'end', resource },
    ])
    await settle()
    expect((await told(id)).filter((event) => event === 'triggered')).toHaveLength(2)
  })

  test('misses what should come all the time, from the beginning and again', async () => {
    const id = await automate({ type: 'event', posture: 'Proactive', expect: ['beat'], within: 30 })
    await settle()
    pass(33)
    await settle()
    expect((await told(id)).filter((event) => event === 'triggered')).toHaveLength(1)
    pass(33)
    await settle()
    expect((await told(id)).filter((event) => event === 'triggered')).toHaveLength(2)
  })

  test.each([
    ['compound', { require: 'all' }, ['left', 'right'], 1],
    ['compound', { require: 'all' }, ['left', 'left'], 0],
    ['compound', { require: 2 }, ['right', 'left'], 1],
    ['compound', { require: 'any' }, ['left', 'right'], 2],
    ['sequence', {}, ['left', 'right'], 1],
    ['sequence', {}, ['right', 'left'], 0],
    ['sequence', {}, ['right', 'left', 'right'], 1],
  ] as const)('of a %s trigger %j fires on %j %i times', async (type, more, names, times) => {
    const id = await automate({
      type,
      within: 60,
      ...more,
      triggers: [reactive({ expect: ['left'] }), reactive({ expect: ['right'] })],
    })
    for (const name of names) {
      await emit(name, 'x')
      await settle()
    }
    expect((await told(id)).filter((event) => event === 'triggered')).toHaveLength(times)
  })

  test('acts on the run and the deployment that the event is about', async () => {
    const target = await deploy()
    await automate(
      reactive({
        expect: ['prefect.flow-run.Running'],
        match_related: { 'prefect.resource.id': `prefect.deployment.${target}` },
      }),
      { type: 'cancel-flow-run' },
      { type: 'pause-deployment', source: 'inferred' },
    )
    const { id } = await post(`/deployments/${target}/create_flow_run`, {})
    for (const type of ['PENDING', 'RUNNING']) await post(`/flow_runs/${id}/set_state`, { state: { type } })
    await settle()
    expect((await read(`/flow_runs/${id}`)).state_type).toMatch(/^CANCELL/)
    expect((await read(`/deployments/${target}`)).paused).toBe(true)
  })

  test('changes the state of a run, pauses pools, queues and other automations', async () => {
    const flow = await post('/flows/', { name: 'f' })
    const { id } = await post('/flow_runs/', { flow_id: flow.id, state: { type: 'RUNNING' } })
    const pool = await post('/work_pools/', { name: 'pool', type: 'process' })
    const other = await automate(reactive({ expect: ['never'] }), { type: 'do-nothing' })
    await automate(
      reactive({ expect: ['stuck'] }),
      { type: 'change-flow-run-state', state: 'FAILED', name: 'GaveUp', message: 'by automation' },
      { type: 'pause-work-pool', source: 'selected', work_pool_id: pool.id },
      { type: 'pause-work-queue', source: 'selected', work_queue_id: pool.default_queue_id },
      { type: 'pause-automation', source: 'selected', automation_id: other },
    )
    await emit('stuck', `prefect.flow-run.${id}`)
    await settle()
    expect(await read(`/flow_runs/${id}`)).toMatchObject({
      state_type: 'FAILED',
      state_name: 'GaveUp',
      state: { message: 'by automation' },
    })
    expect((await read('/work_pools/pool')).is_paused).toBe(true)
    expect((await read(`/work_queues/${pool.default_queue_id}`)).is_paused).toBe(true)
    expect((await read(`/automations/${other}`)).enabled).toBe(false)
  })

  test('tells why an action could not be taken', async () => {
    const target = await deploy()
    const id = await automate(reactive({ expect: ['go'] }), run(target), { type: 'cancel-flow-run' })
    await call(us, 'DELETE', `/deployments/${target}`)
    await emit('go', 'nothing')
    await settle()
    const { events } = await post('/events/filter', {
      filter: { event: { name: ['prefect.automation.action.failed'] }, order: 'ASC', occurred: { until } },
    })
    expect(events.map((event: { payload: { reason: string } }) => event.payload.reason)).toEqual([
      expect.stringContaining('not found'),
      expect.stringContaining('about no flow-run'),
    ])
    expect((await told(id)).filter((event) => event === 'action.triggered')).toHaveLength(2)
  })

  test('rests while it is paused, and does not count what came meanwhile', async () => {
    const id = await automate(reactive({ expect: ['go'], threshold: 2, within: 600 }))
    await emit('go', 'x')
    await settle()
    const patch = (enabled: boolean) => call(us, 'PATCH', `/automations/${id}`, { enabled })
    await patch(false)
    await emit('go', 'x')
    await settle()
    await patch(true)
    await emit('go', 'x')
    await settle()
    expect(await told(id)).not.toContain('triggered')
    await emit('go', 'x')
    await settle()
    expect(await told(id)).toContain('triggered')
  })

  test('loses nothing to a replica that dies between firing and acting, or between acting and telling', async () => {
    const target = await deploy()
    const id = await automate(reactive({ expect: ['go'] }), run(target))
    await emit('go', 'x')
    await evaluateAutomations.runOnce(replicas[0])
    // It takes the steps, does them, and dies before it can say so.
    const dying = {
      ...replicas[0],
      engine: { ...replicas[0].engine, receiveEvents: () => Promise.reject(new Error('died')) },
    }
    await expect(takeAutomationSteps.runOnce(dying)).rejects.toThrow()
    expect(await runsOf(target)).toHaveLength(1)
    expect(await told(id)).toEqual(['created'])
    await settle()
    pass(120)
    await settle()
    expect(await runsOf(target)).toHaveLength(1)
    expect(await told(id)).toEqual(['created', 'triggered', 'action.triggered', 'action.executed'])
  })

  test('counts an event after the one that it follows, whichever comes first', async () => {
    const target = await deploy()
    await automate(
      {
        type: 'sequence',
        within: 60,
        triggers: [reactive({ expect: ['one'] }), reactive({ expect: ['two'] })],
      },
      run(target),
    )
    const [leader, follower] = [randomUUID(), randomUUID()]
    const occurred = new Date().toISOString()
    await emit('two', 'x', { id: follower, follows: leader, occurred })
    await settle()
    await emit('one', 'x', { id: leader, occurred })
    await settle()
    pass(2)
    await settle()
    expect(await runsOf(target)).toHaveLength(1)
  })

  test('does not wait for ever for an event that never comes', async () => {
    const id = await automate(reactive({ expect: ['two'] }))
    await emit('two', 'x', { follows: randomUUID() })
    await settle()
    expect(await told(id)).not.toContain('triggered')
    pass(20)
    await settle()
    expect(await told(id)).toContain('triggered')
  })

  test('leaves nothing behind of a workspace that was deleted', async () => {
    await automate(reactive({ expect: ['go'] }))
    await emit('go', 'x')
    await db.engine`delete from workspaces where id = ${us.workspaceId}`
    await settle()
    expect(await db.engine`select from automation_intake`).toEqual([])
  })

  test('ends somewhere when automations set each other off', async () => {
    const ids = await Promise.all(
      [1, 2].map(() =>
        automate(reactive({ expect: ['go', 'prefect.automation.triggered'] }), { type: 'do-nothing' }),
      ),
    )
    await emit('go', 'x')
    await settle()
    for (const id of ids) {
      const events = await told(id)
      const times = (name: string) => events.filter((event) => event === name).length
      expect([times('triggered'), times('action.executed'), times('action.failed')]).toEqual([9, 8, 1])
    }
  })

  test('costs a workspace without any nothing: no event of it is put aside', async () => {
    await automate(reactive({ expect: ['wanted'] }))
    await emit('unwanted', 'x')
    const other = await tenant()
    await call(other, 'POST', '/events', [
      {
        id: randomUUID(),
        occurred: new Date().toISOString(),
        event: 'wanted',
        resource: { 'prefect.resource.id': 'x' },
      },
    ])
    expect(
      await db.engine`select from automation_intake where workspace_id = any(${[us.workspaceId, other.workspaceId]}::uuid[])`,
    ).toEqual([])
    await emit('wanted', 'x')
    expect(
      await db.engine`select from automation_intake where workspace_id = ${us.workspaceId}`,
    ).toHaveLength(1)
    await settle()
    expect(await db.engine`select from automation_intake`).toEqual([])
  })
})
