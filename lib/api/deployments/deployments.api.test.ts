import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { scheduleRuns } from '../../services/schedule-runs.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant, db, services } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)
const patch = (path: string, body: unknown, who = us) => call(who, 'PATCH', path, body)
const read = async (id: string) => (await get(`/deployments/${id}`)).json
const hourly = { interval: 3600, anchor_date: '2026-01-01T00:00:00+00:00', timezone: 'UTC' }
let made = 0
const deploy = async (body: object = {}) => {
  const answer = await post('/deployments/', { name: `d${++made}`, flow_id: flowId, ...body })
  expect(answer.status, answer.text).toBe(201)
  return answer.json
}
const runsOf = async (id: string, filter: object = {}) =>
  (
    await post('/flow_runs/filter', {
      flow_runs: { deployment_id: { any_: [id] }, ...filter },
      sort: 'EXPECTED_START_TIME_ASC',
    })
  ).json as {
    id: string
    state_name: string
    expected_start_time: string
    tags: string[]
    parameters: object
    [key: string]: unknown
  }[]
const eventsOf = async (id: string) =>
  (
    await post('/events/filter', { filter: { resource: { id: [`prefect.deployment.${id}`] }, order: 'ASC' } })
  ).json.events.map((event: { event: string }) => event.event) as string[]
/** Counted by the rollups, and one by one. */
const counts = async () => {
  const [rolled, counted] = [
    await post('/flow_runs/count', {}),
    await db.engine<
      { n: number }[]
    >`select count(*)::int as n from flow_runs where workspace_id = ${us.workspaceId}`,
  ]
  return [rolled.json, counted[0]?.n]
}

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await post('/flows/', { name: 'etl' })).json.id
})

describe('a deployment', () => {
  test('is made once, and later changed by what is sent and nothing else', async () => {
    const body = {
      name: 'upsert',
      flow_id: flowId,
      description: 'Says hello.',
      version: 'v1',
      tags: ['a', 'a', 'b'],
      parameters: { n: 1 },
      entrypoint: 'flows.py:etl',
      labels: { team: 'x' },
      pull_steps: [{ 'prefect.step': { n: 1 } }],
    }
    const first = await post('/deployments/', body)
    expect(first.status).toBe(201)
    const again = await post('/deployments/', {
      name: 'upsert',
      flow_id: flowId,
      version: 'v2',
      description: null,
    })
    expect(again.status).toBe(200)
    expect(again.json).toMatchObject({
      ...body,
      id: first.json.id,
      tags: ['a', 'b'],
      version: 'v2',
      enforce_parameter_schema: true,
      paused: false,
      is_schedule_active: true,
      concurrency_limit: null,
      global_concurrency_limit: null,
      infra_overrides: {},
      status: 'NOT_READY',
      created_by: { type: 'USER' },
    })
    expect((await patch(`/deployments/${first.json.id}`, { description: null, paused: true })).status).toBe(
      204,
    )
    expect(await read(first.json.id)).toMatchObject({
      description: null,
      paused: true,
      version: 'v2',
      tags: ['a', 'b'],
    })
    expect((await get('/deployments/name/etl/upsert')).json.id).toBe(first.json.id)
    expect(await eventsOf(first.json.id)).toEqual([
      'prefect.deployment.created',
      'prefect.deployment.updated',
      'prefect.deployment.updated',
    ])
  })

  test('may ask how values would fare, placeholders filled in', async () => {
    const schema = {
      properties: { n: { type: 'integer' }, rows: { items: { required: ['id'] } } },
      required: ['n'],
    }
    const validate = (values: unknown, of: unknown = schema) =>
      post('/ui/schemas/validate', { schema: of, values })
    expect((await validate({ n: 1 })).json).toEqual({ errors: [], valid: true })
    expect((await validate({ n: { __prefect_kind: 'json', value: '2' } })).json.valid).toBe(true)
    expect((await validate({ n: 'x', rows: [{ id: 1 }, {}] })).json).toEqual({
      errors: [
        { property: 'n', errors: [expect.stringContaining('must be integer')] },
        { property: 'rows', errors: [{ index: 1, errors: [{ property: 'id', errors: ['is required'] }] }] },
      ],
      valid: false,
    })
    for (const bad of [{ $ref: '#' }, { type: 'nonsense' }, { properties: { a: { $ref: 'http://x/y' } } }])
      expect((await validate({}, bad)).status).toBe(422)
    expect(
      (await validate({ a: `${'a'.repeat(60)}!` }, { properties: { a: { pattern: '^(a+)+$' } } })).status,
    ).toBe(422)
  })

  test('goes with its flow, and its limit too', async () => {
    const flow = (await post('/flows/', { name: 'doomed' })).json.id
    const { json } = await post('/deployments/', {
      name: 'd',
      flow_id: flow,
      concurrency_limit: 1,
      schedules: [{ schedule: hourly }],
    })
    expect((await post('/ui/flows/count-deployments', { flow_ids: [flow, flowId] })).json[flow]).toBe(1)
    expect((await call(us, 'DELETE', `/flows/${flow}`)).status).toBe(204)
    expect((await get(`/deployments/${json.id}`)).status).toBe(404)
    expect(
      await db.engine`select id from concurrency_limits where name = ${`deployment:${json.id}`}`,
    ).toEqual([])
  })

  test('may be deployed by a client that first deletes what it owns, and then makes its triggers', async () => {
    const { id } = await deploy()
    const resource = `prefect.deployment.${id}`
    for (const name of ['first', 'second']) {
      expect((await call(us, 'DELETE', `/automations/owned-by/${resource}`)).status).toBe(202)
      const made = await post('/automations/', {
        name,
        trigger: { type: 'event', posture: 'Reactive', expect: ['never'] },
        actions: [{ type: 'run-deployment', source: 'selected', deployment_id: id }],
        owner_resource: resource,
      })
      expect(made.status, made.text).toBe(201)
    }
    expect((await get(`/automations/related-to/${resource}`)).json).toMatchObject([{ name: 'second' }])
  })

  test('is made once by four who try at the same time', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => post('/deployments/', { name: 'raced', flow_id: flowId })),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 201])
    expect(new Set(answers.map((answer) => answer.json.id)).size).toBe(1)
  })

  test('keeps numbers of any size', async () => {
    const name = 'exact'
    const text = `{"name":"${name}","flow_id":"${flowId}","parameters":{"big":12345678901234567890,"one":1.0},"job_variables":{"x":1e2},"schedules":[{"schedule":{"cron":"0 0 1 1 *"},"parameters":{"y":98765432109876543210}}]}`
    const answer = await call(us, 'POST', '/deployments/', text)
    expect(answer.status, answer.text).toBe(201)
    for (const part of [
      '"parameters":{"big":12345678901234567890,"one":1.0}',
      '"job_variables":{"x":1e2}',
      '"parameters":{"y":98765432109876543210}',
    ])
      expect(answer.text).toContain(part)
    const run = await post(`/deployments/${answer.json.id}/create_flow_run`)
    expect(run.text).toContain('"big":12345678901234567890')
  })

  test.each([
    [{ name: 'a/b' }, 422],
    [{ name: '' }, 422],
    [{ flow_id: randomUUID() }, 404],
    [{ concurrency_limit: -1 }, 422],
    [{ concurrency_limit: 0 }, 422],
    [{ concurrency_limit: 2 ** 31 }, 422],
    [{ concurrency_limit: 1, global_concurrency_limit_id: randomUUID() }, 422],
    [{ global_concurrency_limit_id: randomUUID() }, 404],
    [{ work_pool_name: 'nowhere' }, 404],
    [{ storage_document_id: randomUUID() }, 409],
    [{ infrastructure_document_id: randomUUID() }, 409],
    [{ parameter_openapi_schema: { $ref: 'https://example.com/x' } }, 422],
    [{ parameter_openapi_schema: { $ref: '#' } }, 422],
    [{ parameter_openapi_schema: { properties: { n: { type: 'integer' } } }, parameters: { n: 'x' } }, 409],
    [{ schedules: [{ schedule: { cron: 'often' } }] }, 422],
    [{ schedules: [{ schedule: { cron: '0 0 31 2 *' } }] }, 422],
    [{ schedules: [{ schedule: { cron: '* * * * *', timezone: 'Mars/Olympus' } }] }, 422],
    [{ schedules: [{ schedule: { interval: 0 } }] }, 422],
    [{ schedules: [{ schedule: { rrule: 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30' } }] }, 422],
    [{ schedules: [{ schedule: { rrule: 'FREQ=NEVER' } }] }, 422],
    [{ schedules: [{ schedule: hourly, max_scheduled_runs: 2 ** 31 }] }, 422],
    [{ schedules: [{ schedule: hourly, max_scheduled_runs: -1 }] }, 422],
    [
      {
        schedules: [
          { schedule: hourly, slug: 'a' },
          { schedule: hourly, slug: 'a' },
        ],
      },
      422,
    ],
    [{ schedules: [{ slug: 'nothing' }] }, 422],
    [{ concurrency_options: { collision_strategy: 'FIGHT' } }, 422],
  ])('is refused with %j', async (body, status) => {
    const answer = await post('/deployments/', { name: 'refused', flow_id: flowId, ...body })
    expect(answer.status, answer.text).toBe(status)
    expect(JSON.stringify(answer.json.detail).length).toBeGreaterThan(5)
    expect((await get('/deployments/name/etl/refused')).status).toBe(404)
  })

  test("is one's own", async () => {
    const { id } = await deploy({ name: 'ours' })
    const scheduleId = randomUUID()
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { description: 'stolen' }],
      ['DELETE', '', undefined],
      ['POST', '/create_flow_run', {}],
      ['POST', '/pause_deployment', undefined],
      ['GET', '/schedules', undefined],
      ['POST', '/schedules', [{ schedule: hourly }]],
      ['DELETE', `/schedules/${scheduleId}`, undefined],
      ['GET', '/versions', undefined],
    ] as const)
      expect((await call(them, method, `/deployments/${id}${path}`, body)).status, path).toBe(404)
    expect((await post('/deployments/filter', {}, them)).json).toEqual([])
    expect((await post('/deployments/get_scheduled_flow_runs', { deployment_ids: [id] }, them)).json).toEqual(
      [],
    )
    expect((await read(id)).last_polled).toBeNull()
  })

  test('needs the permission for each thing', async () => {
    const { id } = await deploy({ name: 'guarded' })
    const status = async (
      role: 'viewer' | 'runner' | 'worker',
      method: string,
      path: string,
      body?: unknown,
    ) => (await call(us, method, path, body, { key: us.key(role) })).status
    expect(await status('viewer', 'GET', `/deployments/${id}`)).toBe(200)
    expect(await status('viewer', 'POST', `/deployments/${id}/create_flow_run`, {})).toBe(403)
    expect(await status('runner', 'POST', `/deployments/${id}/create_flow_run`, {})).toBe(201)
    expect(
      await status('worker', 'POST', '/deployments/get_scheduled_flow_runs', { deployment_ids: [id] }),
    ).toBe(200)
    expect(await status('runner', 'PATCH', `/deployments/${id}`, { paused: true })).toBe(403)
    expect(await status('worker', 'DELETE', `/deployments/${id}`)).toBe(403)
  })

  test('goes with its schedules, limit and scheduled runs; what ran stays', async () => {
    const { id } = await deploy({ concurrency_limit: 2, schedules: [{ schedule: hourly }] })
    const { id: run } = (await post(`/deployments/${id}/create_flow_run`, { state: { type: 'RUNNING' } }))
      .json
    expect((await runsOf(id)).length).toBeGreaterThan(3)
    expect((await call(us, 'DELETE', `/deployments/${id}`)).status).toBe(204)
    expect((await call(us, 'DELETE', `/deployments/${id}`)).status).toBe(404)
    expect((await get(`/flow_runs/${run}`)).json).toMatchObject({
      deployment_id: null,
      state_type: 'RUNNING',
    })
    expect(await runsOf(id)).toEqual([])
    const limits = await db.engine`select id from concurrency_limits where name = ${`deployment:${id}`}`
    expect(limits).toEqual([])
    const [rolled, counted] = await counts()
    expect(rolled).toBe(counted)
    expect((await eventsOf(id)).at(-1)).toBe('prefect.deployment.deleted')
  })
})

describe('a run of a deployment', () => {
  test('has what both say', async () => {
    const { id, version_id } = await deploy({
      parameters: { a: 1, b: { c: 2 } },
      tags: ['one'],
      labels: { x: 1, y: 1 },
      version: 'v7',
    })
    const answer = await post(`/deployments/${id}/create_flow_run`, {
      parameters: { b: 3 },
      tags: ['two', 'one'],
      labels: { y: 2 },
      name: 'by-hand',
    })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      name: 'by-hand',
      deployment_id: id,
      deployment_version: 'v7',
      deployment_version_id: version_id,
      parameters: { a: 1, b: 3 },
      tags: ['one', 'two'],
      labels: { x: 1, y: 2, 'prefect.flow.id': flowId, 'prefect.deployment.id': id },
      state: { type: 'SCHEDULED', name: 'Scheduled' },
      auto_scheduled: false,
      created_by: { type: 'USER' },
    })
  })

  test('is held against the schema, which names the field', async () => {
    const { id } = await deploy({
      parameter_openapi_schema: {
        type: 'object',
        properties: { name: { type: 'string' }, times: { type: 'integer', default: 1 } },
        required: ['name'],
      },
    })
    const run = (body: object) => post(`/deployments/${id}/create_flow_run`, body)
    expect(await run({})).toMatchObject({
      status: 409,
      json: { detail: 'Error creating flow run: parameter name is required.' },
    })
    expect((await run({ parameters: { name: 'x', times: 'often' } })).json.detail).toContain(
      'times must be integer',
    )
    expect((await run({ parameters: { name: 'x' } })).status).toBe(201)
    expect((await run({ enforce_parameter_schema: false })).status).toBe(201)
    expect((await patch(`/deployments/${id}`, { parameters: { times: 'x' } })).json.detail).toContain(
      'Error updating deployment: parameter times must be integer',
    )
    expect((await patch(`/deployments/${id}`, { parameters: { times: 2 } })).status).toBe(204)
  })

  test('is filled in from variables, templates and JSON', async () => {
    await post('/variables/', { name: 'place', value: { city: 'Oslo' } })
    const { id } = await deploy()
    const run = (parameters: object) => post(`/deployments/${id}/create_flow_run`, { parameters })
    const kind = (name: string, more: object) => ({ __prefect_kind: name, ...more })
    expect(
      (
        await run({
          a: kind('workspace_variable', { variable_name: 'place' }),
          b: [kind('json', { value: '{"c":[1]}' })],
          d: kind('jinja', { template: "{{ 'x' ~ 'y' }}" }),
        })
      ).json.parameters,
    ).toEqual({ a: { city: 'Oslo' }, b: [{ c: [1] }], d: 'xy' })
    expect(await run({ a: kind('workspace_variable', { variable_name: 'none' }) })).toMatchObject({
      status: 400,
      json: { detail: "Variable 'none' not found in workspace." },
    })
    expect((await run({ a: kind('json', { value: '{' }) })).status).toBe(400)
    expect((await run({ a: kind('jinja', { template: '{% include "x" %}' }) })).status).toBe(400)
  })

  test('is made once for an idempotency key', async () => {
    const { id } = await deploy()
    const first = await post(`/deployments/${id}/create_flow_run`, { idempotency_key: 'once' })
    const again = await post(`/deployments/${id}/create_flow_run`, {
      idempotency_key: 'once',
      tags: ['other'],
    })
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.json.id).toBe(first.json.id)
  })

  test('may be one of many, each made or told why not', async () => {
    const { id } = await deploy({ parameter_openapi_schema: { properties: { n: { type: 'integer' } } } })
    const answer = await post(`/deployments/${id}/create_flow_run/bulk`, [
      { parameters: { n: 1 } },
      { parameters: { n: 'x' } },
      { work_queue_name: 'q' },
      {},
    ])
    expect(answer.json.results.map((result: { status: string }) => result.status)).toEqual([
      'CREATED',
      'FAILED',
      'FAILED',
      'CREATED',
    ])
    expect(answer.json.results[1].error).toContain('n must be integer')
    expect(await runsOf(id)).toHaveLength(2)
    expect((await post(`/deployments/${id}/create_flow_run/bulk`, Array(101).fill({}))).status).toBe(422)
  })

  test('goes to the pool and queue of its deployment, or to another queue of it', async () => {
    const template = {
      job_configuration: { env: '{{ env }}' },
      variables: { type: 'object', properties: { env: { type: 'object' }, cpu: { type: 'integer' } } },
    }
    await post('/work_pools/', { name: 'pool', type: 'process', base_job_template: template })
    const { id } = await deploy({ work_pool_name: 'pool', job_variables: { cpu: 2 } })
    expect(await read(id)).toMatchObject({ work_pool_name: 'pool', work_queue_name: 'default' })
    const run = (body: object) => post(`/deployments/${id}/create_flow_run`, body)
    const plain = await run({})
    expect(plain.json).toMatchObject({ work_pool_name: 'pool', work_queue_name: 'default' })
    const other = await run({ work_queue_name: 'urgent', job_variables: { env: { A: 'b' } } })
    expect(other.json).toMatchObject({ work_queue_name: 'urgent', job_variables: { env: { A: 'b' } } })
    expect((await run({ job_variables: { cpu: 'many' } })).json.detail).toContain('cpu must be integer')
    expect((await run({ job_variables: { cpu: '{{ prefect.variables.cpu }}' } })).status).toBe(201)
    expect(
      (
        await post('/deployments/', {
          name: 'bad',
          flow_id: flowId,
          work_pool_name: 'pool',
          job_variables: { cpu: 'x' },
        })
      ).status,
    ).toBe(409)
    // Nor may they be changed so that no run could start, though the pool is not named again.
    const { name } = await read(id)
    const wrong = { job_variables: { cpu: 'many' } }
    for (const answer of [
      await call(us, 'PATCH', `/deployments/${id}`, wrong),
      await post('/deployments/', { name, flow_id: flowId, ...wrong }),
    ])
      expect(answer).toMatchObject({
        status: 409,
        json: { detail: expect.stringContaining('cpu must be integer') },
      })
    expect((await read(id)).job_variables).toEqual({ cpu: 2 })
    expect((await get(`/deployments/${id}/work_queue_check`)).json).toMatchObject([{ name: 'default' }])
    const special = await deploy({ work_pool_name: 'pool', work_queue_name: 'special' })
    expect(special).toMatchObject({ work_queue_name: 'special' })
    const told = await post('/events/filter', {
      filter: { resource: { id: [`prefect.work-queue.${special.work_queue_id}`] } },
    })
    expect(told.json.events).toMatchObject([{ event: 'prefect.work-queue.created' }])
    const old = await deploy({ work_queue_name: 'for-agents' })
    expect(old).toMatchObject({ work_pool_name: 'default-agent-pool', work_queue_name: 'for-agents' })
    const poolless = await deploy()
    expect((await post(`/deployments/${poolless.id}/create_flow_run`, { work_queue_name: 'q' })).status).toBe(
      400,
    )
  })

  test('is handed to whoever serves the deployment, the soonest first, and that makes it ready', async () => {
    const [a, b] = [await deploy(), await deploy()]
    const at = (time: string) => ({ state: { type: 'SCHEDULED', state_details: { scheduled_time: time } } })
    const later = (await post(`/deployments/${a.id}/create_flow_run`, at('2026-02-01T00:00:00Z'))).json
    const sooner = (await post(`/deployments/${b.id}/create_flow_run`, at('2026-01-01T00:00:00Z'))).json
    await post(`/deployments/${a.id}/create_flow_run`, at('2096-01-01T00:00:00Z'))
    const poll = (body: object) =>
      post('/deployments/get_scheduled_flow_runs', { deployment_ids: [a.id, b.id], ...body })
    const due = await poll({ scheduled_before: '2026-08-21 16:27:33.123456+00:00' })
    expect(due.json.map((run: { id: string }) => run.id)).toEqual([sooner.id, later.id])
    expect((await poll({ limit: 1 })).json).toHaveLength(1)
    expect((await poll({ limit: 201 })).status).toBe(422)
    await services.work.presence.flush()
    expect(await read(a.id)).toMatchObject({ status: 'READY', last_polled: expect.any(String) })
    expect(await eventsOf(a.id)).toEqual(['prefect.deployment.created', 'prefect.deployment.ready'])
  })

  test('is not made of a deployment that is disabled', async () => {
    const { id } = await deploy({ schedules: [{ schedule: hourly }] })
    expect((await post(`/deployments/${id}/disable`)).status).toBe(200)
    expect((await post(`/deployments/${id}/create_flow_run`)).status).toBe(409)
    expect(await runsOf(id)).toEqual([])
    await post(`/deployments/${id}/enable`)
    expect((await runsOf(id)).length).toBeGreaterThanOrEqual(3)
  })
})

describe('a limit of a deployment', () => {
  test('is its own, changes with it, and can be shared instead', async () => {
    const { id, global_concurrency_limit: limit } = await deploy({
      concurrency_limit: 3,
      concurrency_options: { collision_strategy: 'CANCEL_NEW' },
    })
    expect(limit).toMatchObject({ name: `deployment:${id}`, limit: 3, active_slots: 0 })
    await patch(`/deployments/${id}`, { concurrency_limit: 5 })
    expect((await read(id)).global_concurrency_limit).toMatchObject({ id: limit.id, limit: 5 })
    await patch(`/deployments/${id}`, { description: 'x' })
    expect((await read(id)).global_concurrency_limit.limit).toBe(5)
    const shared = await deploy({ global_concurrency_limit_id: limit.id })
    expect(shared.global_concurrency_limit.id).toBe(limit.id)
    await patch(`/deployments/${shared.id}`, { global_concurrency_limit_id: null })
    expect((await read(shared.id)).global_concurrency_limit).toBeNull()
    await patch(`/deployments/${id}`, { concurrency_limit: null })
    expect(await read(id)).toMatchObject({
      global_concurrency_limit: null,
      concurrency_options: { collision_strategy: 'CANCEL_NEW' },
    })
  })
})

describe('schedules', () => {
  const slots = async (id: string) => (await runsOf(id)).map((run) => run.expected_start_time)
  const cron = (text: string, more: object = {}) => ({ schedule: { cron: text, timezone: 'UTC' }, ...more })

  test('have their next runs as soon as they are written', async () => {
    const { id, schedules } = await deploy({
      tags: ['x'],
      parameters: { a: 1, b: 1 },
      version: 'v1',
      schedules: [
        { schedule: hourly, parameters: { b: 2 }, slug: 'hour' },
        cron('0 9 15 * *', { active: false }),
      ],
    })
    expect(schedules).toMatchObject([
      { slug: 'hour', active: true, max_scheduled_runs: null, catchup: false, catch_up: { kind: 'late' } },
      { slug: null, active: false, schedule: { cron: '0 9 15 * *', timezone: 'UTC', day_or: true } },
    ])
    const runs = await runsOf(id)
    expect(runs).toHaveLength(3)
    for (const run of runs) {
      expect(run).toMatchObject({
        state_name: 'Scheduled',
        auto_scheduled: true,
        parameters: { a: 1, b: 2 },
        deployment_version: 'v1',
        created_by: { id: schedules[0].id, type: 'SCHEDULE', display_value: 'hour' },
        state: {
          message: 'Flow run scheduled',
          state_details: { scheduled_time: expect.stringContaining(run.expected_start_time.slice(0, 19)) },
        },
        next_scheduled_start_time: run.expected_start_time,
        labels: { 'prefect.flow.id': flowId, 'prefect.deployment.id': id },
      })
      expect(run.tags.sort()).toEqual(['auto-scheduled', 'x'])
      expect(run.idempotency_key).toMatch(
        new RegExp(`^scheduled ${id} ${schedules[0].id} \\d{4}-\\d\\d-\\d\\d \\d\\d:00:00\\+00:00$`),
      )
    }
    // Other than most states, these make no events (wire-contract §6.2).
    const events = await post('/events/filter', {
      filter: { resource: { id: [`prefect.flow-run.${runs[0]?.id}`] } },
    })
    expect(events.json.events).toEqual([])
    const states = await get(`/flow_run_states/?flow_run_id=${runs[0]?.id}`)
    expect(states.json).toMatchObject([{ name: 'Scheduled' }])
    const [rolled, counted] = await counts()
    expect(rolled).toBe(counted)
  })

  test('are added, changed and removed one by one', async () => {
    const { id } = await deploy()
    const added = await post(`/deployments/${id}/schedules`, [
      cron('0 * * * *', { slug: 'a' }),
      cron('30 2 * * *'),
    ])
    expect(added.status, added.text).toBe(201)
    const [a, b] = added.json
    expect((await get(`/deployments/${id}/schedules`)).json).toHaveLength(2)
    expect(await runsOf(id)).toHaveLength(6)
    expect((await patch(`/deployments/${id}/schedules/${a.id}`, { active: false })).status).toBe(204)
    expect(await runsOf(id)).toHaveLength(3)
    await patch(`/deployments/${id}/schedules/${a.id}`, {
      active: true,
      max_scheduled_runs: 2,
      parameters: { x: 1 },
    })
    expect(await runsOf(id)).toHaveLength(5)
    await patch(`/deployments/${id}/schedules/${a.id}`, {
      schedule: { interval: 60 },
      max_scheduled_runs: 50,
    })
    expect(await runsOf(id)).toHaveLength(53)
    expect((await post(`/deployments/${id}/schedules`, [cron('0 * * * *', { slug: 'a' })])).status).toBe(422)
    expect((await patch(`/deployments/${id}/schedules/${b.id}`, { slug: 'a' })).status).toBe(422)
    expect((await patch(`/deployments/${id}/schedules/${b.id}`, { schedule: { cron: 'x' } })).status).toBe(
      422,
    )
    expect((await post(`/deployments/${id}/schedules`, [{}])).status).toBe(422)
    expect((await call(us, 'DELETE', `/deployments/${id}/schedules/${a.id}`)).status).toBe(204)
    expect((await call(us, 'DELETE', `/deployments/${id}/schedules/${a.id}`)).status).toBe(404)
    expect(await runsOf(id)).toHaveLength(3)
    expect((await patch(`/deployments/${id}/schedules/${randomUUID()}`, { active: false })).status).toBe(404)
    const [rolled, counted] = await counts()
    expect(rolled).toBe(counted)
  })

  test('have parameters that fit the schema together with those of the deployment', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' }, to: { type: 'string' } },
      required: ['n', 'to'],
    }
    const body = (n: unknown) => ({
      parameter_openapi_schema: schema,
      enforce_parameter_schema: true,
      parameters: { to: 'here' },
      schedules: [cron('0 * * * *', { slug: 'hour', parameters: { n } })],
    })
    const name = `fits-${randomUUID()}`
    const refused = await post('/deployments/', { ...body('many'), name, flow_id: flowId })
    expect(refused.status).toBe(409)
    expect(refused.json.detail).toBe(
      'Error creating deployment: schedule “hour”: parameter n must be integer, not "many".',
    )
    expect((await get(`/deployments/name/etl/${name}`)).status).toBe(404)
    const { id, schedules } = await deploy(body(1))
    const at = `/deployments/${id}/schedules`
    // What the flow's own defaults may bring is no matter.
    expect((await post(at, [cron('30 2 * * *', { parameters: { to: 'there' } })])).status).toBe(201)
    const added = await post(at, [cron('30 3 * * *', { parameters: { to: 4 } })])
    expect([added.status, added.json.detail]).toEqual([
      409,
      'Error changing schedules: a schedule: parameter to must be string, not 4.',
    ])
    expect((await patch(`${at}/${schedules[0].id}`, { parameters: { n: null } })).status).toBe(409)
    expect((await get(at)).json).toHaveLength(2)
    expect(await runsOf(id)).toHaveLength(6)
    // One that is there and does not fit any more hinders nothing else; whoever sends it again is told.
    const other = { ...schema, properties: { n: { type: 'string' }, to: { type: 'string' } } }
    expect((await patch(`/deployments/${id}`, { parameter_openapi_schema: other })).status).toBe(204)
    expect((await patch(`${at}/${schedules[0].id}`, { active: false })).status).toBe(204)
    expect((await patch(`/deployments/${id}`, { paused: true })).status).toBe(204)
    const { name: own } = await read(id)
    const again = { ...body(1), parameter_openapi_schema: other, name: own, flow_id: flowId }
    expect((await post('/deployments/', again)).status).toBe(409)
    expect((await post('/deployments/', { ...again, enforce_parameter_schema: false })).status).toBe(200)
  })

  test('say what becomes of runs that fell due while Rigel was away', async () => {
    const ids = new Map<string, string>()
    const start = services.nowMicros()
    for (const said of [
      {},
      { catchup: false },
      { catch_up: { kind: 'none' } },
      { catch_up: { kind: 'latest' } },
    ]) {
      const { id, schedules } = await deploy({
        schedules: [{ schedule: { interval: 10, anchor_date: '2026-01-01T00:00:00Z' }, ...said }],
      })
      expect(schedules[0].catchup).toBe('latest' === schedules[0].catch_up.kind)
      ids.set(JSON.stringify(said), id)
    }
    const turnAt = (nowMicros: number) =>
      scheduleRuns.runOnce({ db, engine: services.engine, nowMicros: () => nowMicros })
    await turnAt(start)
    const back = start + 180_000_000
    await turnAt(back)
    const missed: Record<string, readonly string[]> = {}
    for (const [said, id] of ids) {
      const due = (await runsOf(id)).filter((run) => Date.parse(run.expected_start_time) * 1_000 <= back)
      missed[said] = [...new Set(due.map((run) => run.state_name))]
      if (said.includes('latest')) {
        expect(due.map((run) => run.state_name === 'Skipped')).toEqual(due.map((_, i) => i < due.length - 1))
        const states = await get(`/flow_run_states/?flow_run_id=${due[0]?.id}`)
        expect(states.json).toMatchObject([
          { name: 'Scheduled' },
          { type: 'CANCELLED', name: 'Skipped', message: expect.stringContaining('“latest”') },
        ])
      }
    }
    expect(missed).toEqual({
      '{}': ['Scheduled'],
      '{"catchup":false}': ['Scheduled'],
      '{"catch_up":{"kind":"none"}}': ['Skipped'],
      '{"catch_up":{"kind":"latest"}}': ['Skipped', 'Scheduled'],
    })
  })

  // What stock clients send of every schedule when nobody said anything.
  const unasked = { catchup: false, max_active_runs: null }
  const redeploys: Record<string, (id: string, schedule: object) => Promise<unknown>> = {
    'a deploy': (_, schedule) =>
      post('/deployments/', { name: 'chosen', flow_id: flowId, schedules: [schedule] }),
    'an update of the deployment': (id, schedule) => patch(`/deployments/${id}`, { schedules: [schedule] }),
  }
  test.each(Object.entries(redeploys))(
    'keep the catch-up policy that somebody chose through %s by a client that knows of none',
    async (_, redeploy) => {
      for (const slug of ['a', null]) {
        const schedule = cron('0 1 * * *', { slug, ...unasked })
        const { id, schedules } = await deploy({ name: 'chosen', schedules: [schedule] })
        const stored = async () => (await read(id)).schedules[0].catch_up
        const choose = (said: object) => patch(`/deployments/${id}/schedules/${schedules[0].id}`, said)
        for (const kind of ['none', 'latest', 'all', 'late']) {
          await choose({ catch_up: { kind } })
          await redeploy(id, schedule)
          expect(await stored()).toEqual({ kind })
        }
        await choose({ catch_up: { kind: 'last', count: 2 } })
        await redeploy(id, { ...schedule, catchup: true })
        expect(await stored()).toEqual({ kind: 'last', count: 2 })
        await choose({ catchup: false })
        expect(await stored()).toEqual({ kind: 'late' })
        await redeploy(id, { ...schedule, catchup: true })
        expect(await stored()).toEqual({ kind: 'all' })
        await choose({ catch_up: { kind: 'none' } })
        await choose({ catchup: false })
        expect(await stored()).toEqual({ kind: 'none' })
        await redeploy(id, { ...schedule, catch_up: { kind: 'latest' } })
        expect(await stored()).toEqual({ kind: 'latest' })
        await call(us, 'DELETE', `/deployments/${id}`)
      }
    },
  )

  test.each(Object.entries(redeploys))(
    'catch up no more when %s takes back what an earlier one asked for',
    async (_, redeploy) => {
      for (const slug of ['a', null]) {
        const schedule = cron('0 1 * * *', { slug, ...unasked })
        const asked = { ...schedule, catchup: true }
        const { id, schedules } = await deploy({ name: 'chosen', schedules: [asked] })
        const stored = async () => (await read(id)).schedules[0].catch_up
        const choose = (said: object) => patch(`/deployments/${id}/schedules/${schedules[0].id}`, said)
        const afterDeploy = async (again: object) => {
          await redeploy(id, again)
          return stored()
        }
        expect(await stored()).toEqual({ kind: 'all' })
        expect(await afterDeploy(schedule)).toEqual({ kind: 'late' })
        // What somebody chose before comes back, and what somebody chose meanwhile stays.
        await choose({ catch_up: { kind: 'none' } })
        expect(await afterDeploy(asked)).toEqual({ kind: 'all' })
        expect(await afterDeploy(asked)).toEqual({ kind: 'all' })
        await choose({ catch_up: { kind: 'all' }, active: true })
        expect(await afterDeploy(schedule)).toEqual({ kind: 'none' })
        await afterDeploy(asked)
        await choose({ catch_up: { kind: 'latest' } })
        expect(await afterDeploy(schedule)).toEqual({ kind: 'latest' })
        await choose({ catchup: false })
        await choose({ catchup: true })
        expect(await afterDeploy(schedule)).toEqual({ kind: 'all' })
        await call(us, 'DELETE', `/deployments/${id}`)
      }
    },
  )

  test('are kept, replaced or patched by a deployment that is written', async () => {
    const { id, schedules } = await deploy({
      name: 'slugged',
      schedules: [
        cron('0 1 * * *', { slug: 'a', catch_up: { kind: 'last', count: 2 } }),
        cron('0 2 * * *', { slug: 'b' }),
      ],
    })
    const slugs = async () =>
      (await read(id)).schedules.map((schedule: { slug: string | null }) => schedule.slug)
    await patch(`/deployments/${id}`, { description: 'x' })
    expect((await read(id)).schedules).toHaveLength(2)
    // By slug: the one that is named changes, another is made, and the rest stay.
    await patch(`/deployments/${id}`, {
      schedules: [cron('0 3 * * *', { slug: 'a' }), cron('0 4 * * *', { slug: 'c' })],
    })
    expect(await slugs()).toEqual(['a', 'b', 'c'])
    expect((await read(id)).schedules[0]).toMatchObject({
      id: schedules[0].id,
      schedule: { cron: '0 3 * * *' },
      catch_up: { kind: 'last', count: 2 },
      catchup: true,
    })
    expect((await patch(`/deployments/${id}`, { schedules: [cron('0 5 * * *')] })).json.detail).toContain(
      'Please provide a slug for each schedule',
    )
    await patch(`/deployments/${id}`, { schedules: [cron('0 6 * * *', { slug: 'z', replaces: 'a' })] })
    expect(await slugs()).toEqual(['z', 'b', 'c'])
    expect(
      (
        await patch(`/deployments/${id}`, {
          schedules: [
            cron('0 6 * * *', { slug: 'y', replaces: 'z' }),
            cron('0 7 * * *', { slug: 'x', replaces: 'z' }),
          ],
        })
      ).status,
    ).toBe(422)
    expect(
      (await patch(`/deployments/${id}`, { schedules: [cron('0 6 * * *', { slug: 'b', replaces: 'z' })] }))
        .status,
    ).toBe(422)
    // A deploy replaces them all; what is the same keeps its id and its policy.
    await post('/deployments/', {
      name: 'slugged',
      flow_id: flowId,
      schedules: [cron('0 8 * * *', { slug: 'z' }), cron('0 9 * * *')],
    })
    const now = (await read(id)).schedules
    expect(now).toMatchObject([
      { id: schedules[0].id, slug: 'z', catch_up: { kind: 'last', count: 2 } },
      { slug: null },
    ])
    await post('/deployments/', { name: 'slugged', flow_id: flowId, schedules: [cron('0 9 * * *')] })
    expect((await read(id)).schedules).toMatchObject([{ id: now[1].id }])
    await patch(`/deployments/${id}`, { schedules: [] })
    expect((await read(id)).schedules).toEqual([])
    expect(await runsOf(id)).toEqual([])
  })

  test('make no runs while their deployment is paused, and what they made is gone', async () => {
    const { id } = await deploy({ schedules: [cron('0 * * * *')] })
    const by = (await post(`/deployments/${id}/create_flow_run`)).json.id
    expect(await runsOf(id)).toHaveLength(4)
    expect((await post(`/deployments/${id}/pause_deployment`)).status).toBe(200)
    expect((await runsOf(id)).map((run) => run.id)).toEqual([by])
    expect((await read(id)).schedules).toHaveLength(1)
    await post(`/deployments/${id}/resume_deployment`)
    expect(await runsOf(id)).toHaveLength(4)
    // Claimed runs are no longer the schedule's.
    const [claimed] = (await runsOf(id)).filter((run) => run.auto_scheduled)
    await post(`/flow_runs/${claimed?.id}/set_state`, { state: { type: 'PENDING' }, force: true })
    await post(`/deployments/${id}/pause_deployment`)
    expect((await runsOf(id)).map((run) => run.id).sort()).toEqual([by, claimed?.id].sort())
  })

  test('may be asked for a stretch of time, the past too', async () => {
    const { id } = await deploy({ paused: true, schedules: [cron('0 0 * * *')] })
    const window = { start_time: '2026-03-01T00:00:00Z', end_time: '2026-03-05T12:00:00Z', min_runs: 10 }
    expect((await post(`/deployments/${id}/schedule`, window)).status).toBe(200)
    await post(`/deployments/${id}/schedule`, window)
    expect((await slots(id)).map((at) => at.slice(0, 10))).toEqual([
      '2026-03-01',
      '2026-03-02',
      '2026-03-03',
      '2026-03-04',
      '2026-03-05',
    ])
    expect((await post(`/deployments/${id}/schedule`, { max_runs: 2 ** 31 })).status).toBe(422)
    expect(
      (await post(`/deployments/${id}/schedule`, { ...window, end_time: '2026-02-01T00:00:00Z' })).status,
    ).toBe(422)
  })

  test('show what they would do before they are saved', async () => {
    const preview = (schedule: object, count?: number) =>
      post('/deployments/schedules/preview', { schedule, count })
    const monthly = await preview({ cron: '0 9 15 * *', timezone: 'Europe/Oslo' }, 3)
    expect(monthly.json).toMatchObject({
      description: expect.stringMatching(/15th.*09:00, Europe\/Oslo/),
      timezone: 'Europe/Oslo',
      is_over: false,
    })
    expect(monthly.json.times).toHaveLength(3)
    const ended = await preview({ rrule: 'DTSTART:20200101T000000\nFREQ=DAILY;COUNT=3' })
    expect(ended.json).toMatchObject({ times: [], is_over: true })
    expect(await preview({ cron: '* * * * *', timezone: 'Mars' })).toMatchObject({
      status: 422,
      json: { detail: expect.stringContaining('schedule.timezone') },
    })
    expect((await preview({})).status).toBe(422)
    expect((await preview({ interval: 60 }, 1_000)).status).toBe(422)
  })
})

test('a run tells of the version that it is of, also when its deployment has gone on', async () => {
  const told = { type: 'vcs:git', version: 'abc123', branch: 'main' }
  for (const [more, info] of [
    [{ version_info: told, version: 'v1' }, told],
    [{ version: 'v1' }, { type: 'prefect:simple', version: 'v1' }],
    [{}, { type: 'prefect:simple', version: '1' }],
  ] as const) {
    const { id, version_id } = await deploy(more)
    const run = (await post(`/deployments/${id}/create_flow_run`, {})).json
    expect(run).toMatchObject({ deployment_version_id: version_id, deployment_version_info: info })
    await patch(`/deployments/${id}`, { version: 'later', tags: ['t'] })
    expect((await get(`/flow_runs/${run.id}`)).json.deployment_version_info).toEqual(info)
    const [listed] = (await post('/flow_runs/filter', { flow_runs: { id: { any_: [run.id] } } })).json
    expect(listed.deployment_version_info).toEqual(info)
  }
  const alone = (await post('/flow_runs/', { flow_id: flowId })).json
  expect(alone.deployment_version_info).toBeNull()
})

test('a limit of one schedule, which would not be kept, is refused in words', async () => {
  const { id } = await deploy({})
  const schedule = { schedule: hourly, max_active_runs: 1 }
  for (const answer of [
    await post(`/deployments/${id}/schedules`, [schedule]),
    await post('/deployments/', { name: 'limited', flow_id: flowId, schedules: [schedule] }),
  ])
    expect([answer.status, answer.json.detail]).toEqual([422, expect.stringContaining('concurrency_limit')])
  const unlimited = { schedule: hourly, max_active_runs: null }
  expect((await post(`/deployments/${id}/schedules`, [unlimited])).status).toBe(201)
})

describe('versions', () => {
  const versionsOf = async (id: string) => (await get(`/deployments/${id}/versions`)).json

  test('are kept for each change, compared, and gone back to in one step', async () => {
    const { id, version_id: first } = await deploy({
      parameters: { a: 1.0, deep: { x: 1, y: 2 } },
      version: 'v1',
      tags: ['t'],
      schedules: [{ schedule: hourly }],
    })
    await patch(`/deployments/${id}`, {
      parameters: { a: 1.0, deep: { x: 1, y: 3 }, n: null },
      version: 'v2',
    })
    const { version_id: second } = await read(id)
    expect(second).not.toBe(first)
    // The same again, and what is not versioned, make none.
    await patch(`/deployments/${id}`, { version: 'v2', concurrency_limit: 2, paused: false })
    expect((await read(id)).version_id).toBe(second)
    expect(await versionsOf(id)).toMatchObject([
      { id: second, number: 2, is_current: true, version: 'v2', parameters: { deep: { y: 3 } } },
      { id: first, number: 1, is_current: false, version: 'v1', tags: ['t'], enforce_parameter_schema: true },
    ])
    const diff = await get(`/deployments/${id}/versions/diff?from=${first}&to=${second}`)
    expect(diff.json.differences).toEqual([
      { path: ['version'], kind: 'changed', from: 'v1', to: 'v2' },
      { path: ['parameters', 'deep', 'y'], kind: 'changed', from: 2, to: 3 },
      { path: ['parameters', 'n'], kind: 'added', from: null, to: null },
    ])
    const back = await post(`/deployments/${id}/versions/${first}/rollback`)
    expect(back.json).toMatchObject({
      version: 'v1',
      version_id: first,
      parameters: { a: 1, deep: { x: 1, y: 2 } },
      global_concurrency_limit: { limit: 2 },
      schedules: [{ active: true }],
    })
    expect(await versionsOf(id)).toHaveLength(2)
    expect((await runsOf(id))[0]).toMatchObject({
      deployment_version: 'v1',
      deployment_version_id: first,
      parameters: { deep: { y: 2 } },
    })
    // Forth again, as the hosted API says it.
    expect((await post(`/deployments/${id}/versions/${second}/promote`, { reason: 'fine' })).json).toBe(true)
    expect((await read(id)).version_id).toBe(second)
    expect((await call(us, 'DELETE', `/deployments/${id}/versions/${second}`)).status).toBe(409)
    expect((await call(us, 'DELETE', `/deployments/${id}/versions/${first}`)).status).toBe(204)
    expect((await post(`/deployments/${id}/versions/${first}/rollback`)).status).toBe(404)
    expect((await post(`/deployments/${id}/versions/paginate`, {})).json).toMatchObject({
      count: 1,
      results: [{ id: second }],
    })
    await patch(`/deployments/${id}`, { version: 'v3' })
    expect((await versionsOf(id))[0]).toMatchObject({ number: 3 })
  })

  test('go to another deployment of the flow', async () => {
    const info = { type: 'vcs:git', version: 'abc123', branch: 'main', url: 'https://example.com' }
    const staging = await deploy({
      entrypoint: 'a.py:f',
      parameters: { size: 1 },
      tags: ['staging'],
      version_info: info,
    })
    const production = await deploy({ entrypoint: 'old.py:f', parameters: { size: 9 }, tags: ['production'] })
    const answer = await post(`/deployments/${staging.id}/promote`, {
      target_deployment_id: production.id,
      keep: ['tags', 'parameters'],
    })
    expect(answer.json).toMatchObject({
      id: production.id,
      entrypoint: 'a.py:f',
      parameters: { size: 9 },
      tags: ['production'],
      version_info: info,
    })
    expect(await versionsOf(production.id)).toHaveLength(2)
    expect(
      (await post(`/deployments/${staging.id}/promote`, { target_deployment_id: staging.id })).status,
    ).toBe(422)
    expect(
      (await post(`/deployments/${staging.id}/promote`, { target_deployment_id: randomUUID() })).status,
    ).toBe(404)
    const otherFlow = (await post('/flows/', { name: 'other' })).json.id
    const other = (await post('/deployments/', { name: 'x', flow_id: otherFlow })).json
    expect(
      await post(`/deployments/${staging.id}/promote`, { target_deployment_id: other.id }),
    ).toMatchObject({
      status: 422,
      json: { detail: expect.stringContaining('other') },
    })
  })

  test('branch off', async () => {
    const { id } = await deploy({
      name: 'trunk',
      parameters: { a: 1 },
      schedules: [{ schedule: hourly, slug: 's' }],
    })
    const answer = await post(`/deployments/${id}/branch`, {
      branch: 'feature/x',
      options: { schedule_handling: 'inactive' },
      overrides: { tags: ['b'] },
    })
    expect(await read(answer.json.id)).toMatchObject({
      name: 'trunk@feature-x',
      branch: 'feature/x',
      base: id,
      root: id,
      parameters: { a: 1 },
      tags: ['b'],
      schedules: [{ slug: 's', active: false }],
    })
    expect((await post(`/deployments/${id}/branch`, { branch: 'feature/x' })).json.id).toBe(answer.json.id)
    expect((await read(answer.json.id)).schedules).toEqual([])
  })
})

describe('bodies of clients 2.x', () => {
  test('mean what they meant', async () => {
    const made = await deploy({
      schedule: { cron: '0 9 15 * *', timezone: 'Europe/Oslo' },
      is_schedule_active: false,
      infra_overrides: { env: { A: 'b' } },
      manifest_path: 'm.json',
      parameter_openapi_schema: null,
      worker_pool_name: null,
    })
    expect(made).toMatchObject({
      schedule: { cron: '0 9 15 * *', timezone: 'Europe/Oslo', day_or: true },
      is_schedule_active: false,
      paused: true,
      infra_overrides: { env: { A: 'b' } },
      manifest_path: 'm.json',
    })
    expect(await runsOf(made.id)).toEqual([])
    expect((await post(`/deployments/${made.id}/set_schedule_active`)).status).toBe(200)
    expect(await runsOf(made.id)).toHaveLength(3)
    await post(`/deployments/${made.id}/set_schedule_inactive`)
    expect(await runsOf(made.id)).toEqual([])
  })
})
