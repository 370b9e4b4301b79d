import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant, services } = await testApi()
let us: TestTenant
let them: TestTenant
let made = 0

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)
const patch = (path: string, body: unknown, who = us) => call(who, 'PATCH', path, body)
const remove = (path: string, who = us) => call(who, 'DELETE', path)

const newPool = async (body: object = {}, who = us) => {
  const answer = await post('/work_pools/', { name: `pool ${++made}`, type: 'process', ...body }, who)
  expect(answer.status, answer.text).toBe(201)
  return answer.json
}

const eventsOf = async (resource: string) =>
  (await post('/events/filter', { filter: { resource: { id: [resource] }, order: 'ASC' } })).json.events.map(
    (event: { event: string }) => event.event.replace(/^prefect\.[a-z-]+\./, ''),
  )

describe('work pools', () => {
  test('keep what was sent, to the last digit, and have a queue', async () => {
    const template =
      '{"job_configuration":{"command":"{{ command }}","big":12345678901234567890},"variables":{"properties":{"command":{"default":1.0}}}}'
    const answer = await call(
      us,
      'POST',
      '/work_pools/',
      `{"name":"exact","type":"process","description":null,"concurrency_limit":3,"base_job_template":${template}}`,
    )
    expect(answer.status).toBe(201)
    expect(answer.text).toContain(template)
    expect(answer.json).toMatchObject({
      status: 'NOT_READY',
      is_paused: false,
      active_slots: 0,
      is_push_pool: false,
      last_polled: null,
    })
    expect((await get('/work_pools/exact')).text).toBe(answer.text)
    const queues = (await post('/work_pools/exact/queues/filter')).json
    expect(queues).toMatchObject([
      { id: answer.json.default_queue_id, name: 'default', priority: 1, work_pool_name: 'exact' },
    ])
    expect((await newPool()).active_slots).toBeNull()
    expect((await newPool({ type: 'ecs:push' })).is_push_pool).toBe(true)
  })

  test('refuse names, limits and templates that could not be used', async () => {
    const refused: [unknown, number][] = [
      [{}, 422],
      [{ name: '' }, 422],
      [{ name: 'a/b' }, 422],
      [{ name: '.' }, 422],
      [{ name: '..' }, 422],
      [{ name: 'a%b' }, 422],
      [{ name: 'x'.repeat(501) }, 422],
      [{ name: 'a', concurrency_limit: -1 }, 422],
      [{ name: 'a', concurrency_limit: 2 ** 31 }, 422],
      [{ name: 'a', concurrency_limit: 1.5 }, 422],
      [{ name: 'a', type: '' }, 422],
      [{ name: 'Prefect Managed' }, 403],
      [{ name: 'prefectural' }, 403],
      [{ name: 'a', base_job_template: { job_configuration: {} } }, 422],
      [{ name: 'a', base_job_template: { job_configuration: [], variables: {} } }, 422],
      [{ name: 'a', base_job_template: { variables: {} } }, 422],
      [
        { name: 'a', base_job_template: { job_configuration: { a: '{{ env.SECRET }}' }, variables: {} } },
        422,
      ],
      [
        { name: 'a', base_job_template: { job_configuration: { a: [{ '{{ b }}': 1 }] }, variables: {} } },
        422,
      ],
      [
        {
          name: 'a',
          base_job_template: {
            job_configuration: {},
            variables: { properties: { a: { $ref: 'file:///etc/passwd' } } },
          },
        },
        422,
      ],
    ]
    for (const [body, status] of refused) {
      const answer = await post('/work_pools/', body)
      expect(answer.status, `${JSON.stringify(body)} ${answer.text}`).toBe(status)
    }
    const loop = {
      job_configuration: {},
      variables: {
        type: 'object',
        properties: { a: { $ref: '#/definitions/A' } },
        definitions: { A: { $ref: '#/definitions/A' } },
      },
    }
    const circular = await post('/work_pools/', { name: 'a', base_job_template: loop })
    expect(circular).toMatchObject({
      status: 422,
      json: { detail: expect.stringContaining('#/definitions/A refers to itself') },
    })
    const good = await newPool()
    expect((await patch(`/work_pools/${good.name}`, { base_job_template: loop })).status).toBe(422)
    const missing = await post('/work_pools/', {
      name: 'a',
      base_job_template: {
        job_configuration: { a: 'x {{missing}} {{ there }}' },
        variables: { properties: { there: {} } },
      },
    })
    expect(missing.json.detail).toContain('{{ missing }}')
    expect(missing.json.detail).not.toContain('there }}')
    const deep = `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`
    expect(
      (await call(us, 'POST', '/work_pools/', `{"name":"deep","base_job_template":${deep}}`)).status,
    ).toBe(422)
    expect((await get('/work_pools/a')).status).toBe(404)
    await newPool({ name: 'biggest', concurrency_limit: 2 ** 31 - 1 })
    await newPool({ name: 'none', concurrency_limit: 0 })
  })

  test('have names of their own', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => post('/work_pools/', { name: 'one' })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409])
    expect((await post('/work_pools/', { name: 'one' }, them)).status).toBe(201)
  })

  test('change what is sent and nothing else', async () => {
    const { name } = await newPool({ description: 'kept', concurrency_limit: 5 })
    expect(
      (await patch(`/work_pools/${name}`, { concurrency_limit: null, base_job_template: null })).status,
    ).toBe(204)
    expect((await get(`/work_pools/${name}`)).json).toMatchObject({
      description: 'kept',
      concurrency_limit: null,
    })
    await patch(`/work_pools/${name}`, { description: null, is_paused: null, storage_configuration: null })
    expect((await get(`/work_pools/${name}`)).json).toMatchObject({ description: null, is_paused: false })
    const block = '0198c0c4-5f2e-7000-8000-000000000001'
    await patch(`/work_pools/${name}`, {
      storage_configuration: {
        default_result_storage_block_id: block,
        bundle_upload_step: { a: { b: 'c' } },
      },
    })
    expect((await get(`/work_pools/${name}`)).json.storage_configuration).toEqual({
      bundle_upload_step: { a: { b: 'c' } },
      bundle_execution_step: null,
      default_result_storage_block_id: block,
    })
    const old = await call(us, 'GET', `/work_pools/${name}`, undefined, {
      headers: { 'user-agent': 'prefect/3.3.7 (API 0.8.4)' },
    })
    expect(old.json.storage_configuration).not.toHaveProperty('default_result_storage_block_id')
    expect((await patch(`/work_pools/${name}`, { concurrency_limit: -1 })).status).toBe(422)
    expect(
      (
        await patch(`/work_pools/${name}`, {
          base_job_template: { job_configuration: { a: '{{ x }}' }, variables: {} },
        })
      ).status,
    ).toBe(422)
    expect((await patch('/work_pools/nowhere', {})).status).toBe(404)
  })

  test('are paused and resumed, and tell of it', async () => {
    const pool = await newPool()
    await patch(`/work_pools/${pool.name}`, { is_paused: true, description: 'resting' })
    expect((await get(`/work_pools/${pool.name}`)).json.status).toBe('PAUSED')
    await patch(`/work_pools/${pool.name}`, { is_paused: true })
    await patch(`/work_pools/${pool.name}`, { is_paused: false })
    expect((await get(`/work_pools/${pool.name}`)).json.status).toBe('NOT_READY')
    await post(`/work_pools/${pool.name}/workers/heartbeat`, { name: 'w' })
    await patch(`/work_pools/${pool.name}`, { is_paused: true })
    await patch(`/work_pools/${pool.name}`, { is_paused: false })
    expect((await get(`/work_pools/${pool.name}`)).json.status).toBe('READY')
    expect((await remove(`/work_pools/${pool.name}`)).status).toBe(204)
    expect(await eventsOf(`prefect.work-pool.${pool.id}`)).toEqual([
      'created',
      'not-ready',
      'updated',
      'paused',
      'not-ready',
      'ready',
      'paused',
      'ready',
      'deleted',
    ])
    const { events } = (
      await post('/events/filter', {
        filter: {
          event: { name: ['prefect.work-pool.paused'] },
          resource: { id: [`prefect.work-pool.${pool.id}`] },
        },
      })
    ).json
    expect(events[0].follows).toMatch(/^[0-9a-f-]{36}$/)
    expect(events[0].resource).toMatchObject({ 'prefect.work-pool.type': 'process' })
  })

  test('of agents have no status', async () => {
    const answer = await post('/work_pools/', { name: 'for agents' })
    expect(answer.json).toMatchObject({ type: 'prefect-agent', status: null })
    expect(answer.json.default_queue_id).toBeTruthy()
  })

  test('are found by filters, page by page', async () => {
    const who = await tenant()
    for (const [name, type] of [
      ['b two', 'process'],
      ['a one', 'docker'],
      ['c two', 'process'],
    ])
      await newPool({ name, type }, who)
    const names = async (body: object) =>
      (await post('/work_pools/filter', body, who)).json.map((row: { name: string }) => row.name)
    expect(await names({})).toEqual(['a one', 'b two', 'c two'])
    expect(await names({ work_pools: { type: { any_: ['process'] } }, sort: 'NAME_DESC' })).toEqual([
      'c two',
      'b two',
    ])
    expect(await names({ work_pools: { name: { any_: ['a one'], like_: null } } })).toEqual(['a one'])
    expect(await names({ limit: 1, offset: 1 })).toEqual(['b two'])
    expect((await post('/work_pools/count', { work_pools: { type: { any_: ['docker'] } } }, who)).json).toBe(
      1,
    )
    const page = (await post('/work_pools/paginate', { page: 2, limit: 2 }, who)).json
    expect(page).toMatchObject({ count: 3, pages: 2, page: 2, limit: 2, results: [{ name: 'c two' }] })
    expect((await post('/work_pools/filter', { limit: 201 }, who)).status).toBe(422)
  })

  test('forget a worker for good, though its last sign of life was not yet written', async () => {
    const { name } = await newPool()
    const beat = () => post(`/work_pools/${name}/workers/heartbeat`, { name: 'w 1' })
    const workers = async () =>
      (await post(`/work_pools/${name}/workers/filter`)).json.map((row: { name: string }) => row.name)
    await beat()
    await beat()
    expect((await remove(`/work_pools/${name}/workers/w%201`)).status).toBe(204)
    await services.work.presence.flush()
    expect(await workers()).toEqual([])
    expect((await remove(`/work_pools/${name}/workers/w%201`)).status).toBe(404)
    await beat()
    await services.work.presence.flush()
    expect(await workers()).toEqual(['w 1'])
  })

  test("are one's own, and need the permission for each thing", async () => {
    const { name } = await newPool()
    for (const path of [`/work_pools/${name}`, `/work_pools/${name}/queues/default`]) {
      expect((await get(path, them)).status).toBe(404)
      expect((await patch(path, { is_paused: true }, them)).status).toBe(404)
      expect((await remove(path, them)).status).toBe(404)
    }
    expect((await post(`/work_pools/${name}/workers/heartbeat`, { name: 'spy' }, them)).status).toBe(404)
    expect((await post(`/work_pools/${name}/workers/filter`, {}, them)).status).toBe(404)
    expect((await post(`/work_pools/${name}/concurrency_status`, {}, them)).status).toBe(404)
    const status = async (role: 'viewer' | 'worker', method: string, path: string, body?: object) =>
      (await call(us, method, path, body, { key: us.key(role) })).status
    expect(await status('viewer', 'GET', `/work_pools/${name}`)).toBe(200)
    expect(await status('viewer', 'PATCH', `/work_pools/${name}`, {})).toBe(403)
    expect(await status('viewer', 'POST', `/work_pools/${name}/workers/heartbeat`, { name: 'w' })).toBe(403)
    expect(await status('worker', 'POST', `/work_pools/${name}/workers/heartbeat`, { name: 'w' })).toBe(204)
    expect(await status('worker', 'PATCH', `/work_pools/${name}`, {})).toBe(204)
    expect(await status('worker', 'DELETE', `/work_pools/${name}`)).toBe(403)
  })
})

describe('work queues', () => {
  const priorities = async (name: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await post(`/work_pools/${name}/queues/filter`)).json.map((q: { name: string; priority: number }) => [
        q.name,
        q.priority,
      ]),
    )
  const newQueue = (pool: string, body: object) => post(`/work_pools/${pool}/queues`, body)

  test('make room for each other', async () => {
    const { name } = await newPool()
    await newQueue(name, { name: 'a', priority: 1 })
    await newQueue(name, { name: 'b', priority: 1 })
    expect(await priorities(name)).toEqual({ b: 1, a: 2, default: 3 })
    await newQueue(name, { name: 'far', priority: 10 })
    await newQueue(name, { name: 'gap' })
    expect(await priorities(name)).toEqual({ b: 1, a: 2, default: 3, gap: 4, far: 10 })
    await patch(`/work_pools/${name}/queues/far`, { priority: 2 })
    expect(await priorities(name)).toEqual({ b: 1, far: 2, a: 3, default: 4, gap: 5 })
    await patch(`/work_pools/${name}/queues/far`, { priority: 2 })
    expect(await priorities(name)).toEqual({ b: 1, far: 2, a: 3, default: 4, gap: 5 })
    for (const priority of [0, -1, 2 ** 31, 1.5]) {
      expect((await newQueue(name, { name: 'odd', priority })).status).toBe(422)
    }
    await newQueue(name, { name: 'last', priority: 2 ** 31 - 1 })
    expect((await newQueue(name, { name: 'last too', priority: 2 ** 31 - 1 })).status).toBe(201)
  })

  test('know like pools and flows who made them and who changed them last, and are found by it', async () => {
    const mate = (method: string, path: string, body: unknown) =>
      call(us, method, path, body, { key: us.key('developer') })
    const [owner, developer] = ['owner', 'developer'].map((name) => ({ type: 'USER', display_value: name }))
    const pool = await newPool()
    const queueAt = `/work_pools/${pool.name}/queues`
    const queue = (await post(`${queueAt}/`, { name: 'made' })).json
    const flow = (await post('/flows/', { name: 'authored' })).json
    for (const made of [pool, queue, flow])
      expect(made).toMatchObject({ created_by: owner, updated_by: owner })
    // A queue that is only named is made by who names it.
    const deployed = {
      name: 'authored',
      flow_id: flow.id,
      work_pool_name: pool.name,
      work_queue_name: 'named',
    }
    expect((await mate('POST', '/deployments/', deployed)).status).toBe(201)
    expect((await get(`${queueAt}/named`)).json).toMatchObject({
      created_by: developer,
      updated_by: developer,
    })
    await mate('PATCH', `/work_pools/${pool.name}`, { description: 'Others too.' })
    await mate('PATCH', `${queueAt}/made`, { description: 'Others too.' })
    await mate('PATCH', `/flows/${flow.id}`, { tags: ['x'] })
    for (const path of [`/work_pools/${pool.name}`, `${queueAt}/made`, `/flows/${flow.id}`])
      expect((await get(path)).json).toMatchObject({ created_by: owner, updated_by: developer })
    const by = { type_: ['USER'], is_null_: false }
    const filters = {
      flows: { name: { any_: ['authored'] }, updated_by: by },
      work_pools: { created_by: by, updated_by: by },
      work_pool_queues: { name: { any_: ['named'] }, created_by: by },
    }
    expect((await post('/flows/filter', filters)).json).toMatchObject([{ id: flow.id }])
    filters.flows.updated_by = { type_: ['AUTOMATION'], is_null_: false }
    expect((await post('/flows/filter', filters)).json).toEqual([])
  })

  test('made at once all have a priority of their own', async () => {
    const { name } = await newPool()
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => newQueue(name, { name: `q${n % 3}`, ...(n % 2 ? { priority: 1 } : {}) })),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 201, 201, 409, 409, 409])
    const given = Object.values(await priorities(name))
    expect(new Set(given).size).toBe(4)
  })

  test('keep the one that their pool falls back on', async () => {
    const { name, default_queue_id } = await newPool()
    for (const path of [`/work_pools/${name}/queues/default`, `/work_queues/${default_queue_id}`]) {
      expect((await remove(path)).status).toBe(409)
      expect((await get(path)).status).toBe(200)
    }
    await newQueue(name, { name: 'other' })
    expect((await remove(`/work_pools/${name}/queues/other`)).status).toBe(204)
    expect((await remove(`/work_pools/${name}/queues/other`)).status).toBe(404)
    expect((await newQueue('nowhere', { name: 'x' })).json.detail).toBe('Work pool "nowhere" not found')
    expect((await newQueue(name, { name: 'a/b' })).status).toBe(422)
  })

  test('are paused, renamed and limited, and tell of it', async () => {
    const { name } = await newPool()
    const { id } = (await newQueue(name, { name: 'told', filter: { tags: ['a'] } })).json
    await newQueue(name, { name: 'taken' })
    expect((await patch(`/work_queues/${id}`, { is_paused: true, concurrency_limit: 2 })).status).toBe(204)
    expect((await get(`/work_queues/${id}`)).json).toMatchObject({
      status: 'PAUSED',
      concurrency_limit: 2,
      active_slots: 0,
      filter: { tags: ['a'] },
    })
    await patch(`/work_queues/${id}`, { is_paused: false, filter: null })
    expect((await get(`/work_queues/${id}`)).json).toMatchObject({ status: 'NOT_READY', filter: null })
    expect((await patch(`/work_queues/${id}`, { name: 'taken' })).status).toBe(409)
    await patch(`/work_queues/${id}`, {
      name: 'retold',
      concurrency_limit: null,
      last_polled: new Date().toISOString(),
    })
    expect((await get(`/work_pools/${name}/queues/retold`)).json).toMatchObject({ id, active_slots: null })
    await patch(`/work_queues/${id}`, { is_paused: true })
    await patch(`/work_queues/${id}`, { is_paused: false })
    expect((await get(`/work_queues/${id}`)).json.status).toBe('READY')
    await remove(`/work_queues/${id}`)
    expect(await eventsOf(`prefect.work-queue.${id}`)).toEqual([
      'created',
      'updated',
      'paused',
      'not-ready',
      'updated',
      'paused',
      'ready',
      'deleted',
    ])
  })

  test('of clients 2.x live in a pool that is made on demand', async () => {
    const who = await tenant()
    expect((await get('/work_queues/name/default', who)).status).toBe(404)
    const answers = await Promise.all([1, 2, 3].map(() => post('/work_queues/', { name: 'default' }, who)))
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409])
    expect((await get('/work_queues/name/default', who)).json.work_pool_name).toBe('default-agent-pool')
    expect((await post('/work_queues/', { name: 'team-a' }, who)).status).toBe(201)
    expect((await post('/work_queues/', { name: 'team-b' }, who)).status).toBe(201)
    const found = (
      await post('/work_queues/filter', { work_queues: { name: { startswith_: ['TEAM-'] } } }, who)
    ).json
    expect(found.map((queue: { name: string }) => queue.name)).toEqual(['team-a', 'team-b'])
    expect((await post('/work_queues/paginate', { limit: 2 }, who)).json).toMatchObject({
      count: 3,
      pages: 2,
    })
  })

  test('say whether they are served in time', async () => {
    const { default_queue_id: id } = await newPool()
    expect((await get(`/work_queues/${id}/status`)).json).toEqual({
      healthy: false,
      late_runs_count: 0,
      last_polled: null,
      health_check_policy: { maximum_late_runs: 0, maximum_seconds_since_last_polled: 60 },
    })
    await patch(`/work_queues/${id}`, { last_polled: new Date().toISOString() })
    expect((await get(`/work_queues/${id}/status`)).json.healthy).toBe(true)
    expect((await post(`/work_queues/${id}/concurrency_status`, {})).json).toMatchObject({
      active_slots: 0,
      count: 0,
    })
  })
})

describe('workers', () => {
  test('are made by their first heartbeat, and make their pool ready', async () => {
    const pool = await newPool()
    const beat = await call(
      us,
      'POST',
      `/work_pools/${pool.name}/workers/heartbeat`,
      '{"name":"wren","heartbeat_interval_seconds":30,"return_id":true,"metadata":{"integrations":[{"name":"x","version":"1.0"}],"n":1.50}}',
      { headers: { 'user-agent': 'prefect/3.4.1 (API 0.8.4)' } },
    )
    expect(beat.status).toBe(200)
    expect(beat.text).toMatch(/^[0-9a-f-]{36}$/)
    expect(beat.headers.get('content-type')).toContain('text/plain')
    const again = await post(`/work_pools/${pool.name}/workers/heartbeat`, { name: 'wren', metadata: null })
    expect(again.status).toBe(204)
    const workers = await post(`/work_pools/${pool.name}/workers/filter`, {
      workers: { status: { any_: ['ONLINE'] } },
    })
    expect(workers.json).toMatchObject([
      {
        id: beat.text,
        name: 'wren',
        status: 'ONLINE',
        client_version: '3.4.1',
        heartbeat_interval_seconds: 30,
      },
    ])
    expect(workers.text).toContain('"n":1.50')
    expect((await get(`/work_pools/${pool.name}/workers/${beat.text}`)).json.name).toBe('wren')
    expect((await get(`/work_pools/${pool.name}`)).json.status).toBe('READY')
    expect(await eventsOf(`prefect.work-pool.${pool.id}`)).toEqual(['created', 'not-ready', 'ready'])
  })

  test('beat for pools that are there', async () => {
    expect((await post('/work_pools/nowhere/workers/heartbeat', { name: 'w' })).json.detail).toBe(
      'Work pool "nowhere" not found',
    )
    const pool = await newPool({ is_paused: true })
    for (const name of ['', 'a/b', 'x'.repeat(501)])
      expect((await post(`/work_pools/${pool.name}/workers/heartbeat`, { name })).status).toBe(422)
    await post(`/work_pools/${pool.name}/workers/heartbeat`, { name: 'w' })
    expect((await get(`/work_pools/${pool.name}`)).json.status).toBe('PAUSED')
  })

  test('are forgotten when asked, and are back with a beat', async () => {
    const { name } = await newPool()
    const beat = () => post(`/work_pools/${name}/workers/heartbeat`, { name: 'w 1' })
    await beat()
    expect((await remove(`/work_pools/${name}/workers/w%201`)).status).toBe(204)
    expect((await remove(`/work_pools/${name}/workers/w%201`)).status).toBe(404)
    expect((await post(`/work_pools/${name}/workers/filter`)).json).toEqual([])
    expect((await post('/work_pools/nowhere/workers/filter')).status).toBe(404)
    expect((await post(`/work_pools/${name}/workers/paginate`)).json).toMatchObject({ count: 0, results: [] })
  })
})
