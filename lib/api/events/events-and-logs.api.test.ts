import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string

const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await post('/flows/', { name: 'etl' })).json.id
})

const newRun = async (): Promise<string> =>
  (await post('/flow_runs/', { flow_id: flowId, name: 'run ü/1' })).json.id
const second = (n: number): string => new Date(Date.now() - 60_000 + n * 1_000).toISOString()

describe('logs', () => {
  test('come back in their order, filtered by level, text and task run', async () => {
    const run = await newRun()
    const task = (await post('/task_runs/', { flow_run_id: run, task_key: 't', dynamic_key: '0' })).json.id
    const line = (n: number, level: number, message: string, more: object = {}) => ({
      name: 'prefect',
      level,
      message,
      timestamp: second(n),
      flow_run_id: run,
      ...more,
    })
    await post('/logs/', [
      line(2, 40, 'disk is full'),
      line(1, 20, 'reading "a", b'),
      line(3, 30, 'slow disk', { task_run_id: task }),
    ])
    const texts = async (logs: object, more: object = {}): Promise<string[]> =>
      (await post('/logs/filter', { logs: { flow_run_id: { any_: [run] }, ...logs }, ...more })).json.map(
        (row: { message: string }) => row.message,
      )
    expect(await texts({})).toEqual(['reading "a", b', 'disk is full', 'slow disk'])
    expect(await texts({}, { sort: 'TIMESTAMP_DESC', limit: 1 })).toEqual(['slow disk'])
    expect(await texts({ level: { ge_: 30 } })).toEqual(['disk is full', 'slow disk'])
    expect(await texts({ text: { query: '+DISK -slow' } })).toEqual(['disk is full'])
    expect(await texts({ task_run_id: { is_null_: true } })).toHaveLength(2)
    const ofTask = (await post('/logs/filter', { logs: { task_run_id: { any_: [task] } } })).json
    expect(ofTask).toMatchObject([
      { message: 'slow disk', flow_run_id: run, task_run_id: task, level: 30, name: 'prefect' },
    ])
    expect((await post('/logs/filter', { logs: { flow_run_id: { any_: [run] } } }, them)).json).toEqual([])
    const csv = await call(us, 'GET', `/flow_runs/${run}/logs/download`)
    expect(csv.headers.get('content-disposition')).toContain("filename*=UTF-8''run%20%C3%BC%2F1-logs.csv")
    expect(csv.text.split('\r\n')).toHaveLength(5)
    expect(csv.text).toContain('"reading ""a"", b"')
    expect((await call(them, 'GET', `/flow_runs/${run}/logs/download`)).status).toBe(404)
  })

  test('of long runs are downloaded whole', async () => {
    const run = await newRun()
    await post(
      '/logs/',
      Array.from({ length: 4_500 }, (_, n) => ({
        name: 'x',
        level: 20,
        message: `${n}`,
        timestamp: second(0),
        flow_run_id: run,
      })),
    )
    const csv = await call(us, 'GET', `/flow_runs/${run}/logs/download`)
    const lines = csv.text.trim().split('\r\n').slice(1)
    expect(lines.map((line) => line.split(',').at(-1))).toEqual(
      Array.from({ length: 4_500 }, (_, n) => `${n}`),
    )
  })
})

describe('events', () => {
  const event = (
    n: number,
    name: string,
    resource: object,
    related: object[] = [],
    payload: object = {},
  ) => ({
    id: randomUUID(),
    occurred: second(n),
    event: name,
    resource,
    related,
    payload,
  })
  const names = async (filter: object, more: object = {}): Promise<string[]> =>
    (
      await post('/events/filter', {
        filter: { event: { prefix: ['t.'] }, order: 'ASC', ...filter },
        ...more,
      })
    ).json.events.map((e: { event: string }) => e.event)

  beforeAll(async () => {
    await post('/events', [
      event(1, 't.a', { 'prefect.resource.id': 'box.1', 'prefect.resource.name': 'One', colour: 'red' }),
      event(2, 't.b', { 'prefect.resource.id': 'box.2', colour: 'blue' }, [
        { 'prefect.resource.id': 'box.1', 'prefect.resource.role': 'lid', size: 'large' },
        { 'prefect.resource.id': 'tag.x', 'prefect.resource.role': 'tag' },
      ]),
      event(
        3,
        't.c',
        { 'prefect.resource.id': 'jar.1' },
        [{ 'prefect.resource.id': 'tag.x', 'prefect.resource.role': 'tag' }],
        {
          note: 'a needle, 9007199254740993',
        },
      ),
      event(4, 'u.d', { 'prefect.resource.id': 'jar.1' }),
    ])
  })

  test.each([
    [{}, ['t.a', 't.b', 't.c']],
    [{ order: 'DESC' }, ['t.c', 't.b', 't.a']],
    [{ event: { prefix: ['t.', 'u.'], exclude_name: ['t.b'] } }, ['t.a', 't.c', 'u.d']],
    [{ event: { name: ['t.a', 'u.d'], exclude_prefix: ['u.'] } }, ['t.a']],
    [{ resource: { id: ['box.2'] } }, ['t.b']],
    [{ resource: { id_prefix: ['box.'] } }, ['t.a', 't.b']],
    [{ resource: { labels: { colour: ['red', 'bl*'] } } }, ['t.a', 't.b']],
    [{ resource: { labels: { colour: '!red' } } }, ['t.b']],
    [{ any_resource: { id: ['box.1'] } }, ['t.a', 't.b']],
    [{ any_resource: [{ id: ['box.1'] }, { id_prefix: ['tag.'] }] }, ['t.b']],
    [{ any_resource: { labels: { size: 'l?rge' } } }, ['t.b']],
    [{ related: { id: ['tag.x'], role: ['tag'] } }, ['t.b', 't.c']],
    [{ related: { id: ['tag.x'], role: ['lid'] } }, []],
    [{ related: [{ role: ['tag'] }, { role: ['lid'] }] }, ['t.b']],
    [{ related: { resources_in_roles: [['box.1', 'lid']] } }, ['t.b']],
    [{ text: { query: 'needle' } }, ['t.c']],
    [{ text: { query: 'needle colour -blue' } }, ['t.a', 't.c']],
    [{ resource: { id: [] }, related: [], any_resource: null }, ['t.a', 't.b', 't.c']],
    [{ occurred: { since: second(50) } }, []],
  ])('%j', async (filter, expected) => {
    expect(await names(filter)).toEqual(expected)
    expect(
      (await post('/events/filter', { filter: { event: { prefix: ['t.'] }, ...filter } }, them)).json.events,
    ).toEqual([])
  })

  test('come back as sent, and say whose they are', async () => {
    const { text, json } = await post('/events/filter', { filter: { event: { name: ['t.c'] } } })
    expect(text).toContain('a needle, 9007199254740993')
    expect(json.events[0]).toMatchObject({
      account: us.accountId,
      workspace: us.workspaceId,
      resource: { 'prefect.resource.id': 'jar.1' },
      follows: null,
    })
    expect(json).toMatchObject({ total: 1, next_page: null })
  })

  test('are paged by an address that only this workspace may follow', async () => {
    const first = (await post('/events/filter', { filter: { event: { prefix: ['t.'] } }, limit: 2 })).json
    expect(first).toMatchObject({ total: 3 })
    expect(first.next_page).toMatch(
      /^http:\/\/rigel\.test\/api\/accounts\/.*\/events\/filter\/next\?page-token=/,
    )
    const path = first.next_page.replace('http://rigel.test', '')
    const second = (await call(us, 'GET', path)).json
    expect(second.events.map((e: { event: string }) => e.event)).toEqual(['t.a'])
    expect(second).toMatchObject({ total: 3, next_page: null })
    const token = new URL(first.next_page).search
    expect((await call(them, 'GET', `/events/filter/next${token}`)).status).toBe(403)
    expect((await call(us, 'GET', `/events/filter/next${token}x`)).status).toBe(403)
    expect((await call(us, 'GET', '/events/filter/next?page-token=AAAA')).status).toBe(403)
  })

  test('are counted by time, name and resource', async () => {
    const filter = { event: { prefix: ['t.'] }, occurred: { since: second(-3_600), until: second(60) } }
    const byTime = (await post('/events/count-by/time', { filter, time_unit: 'minute', time_interval: 30 }))
      .json
    expect(byTime.reduce((sum: number, row: { count: number }) => sum + row.count, 0)).toBe(3)
    expect(byTime.length).toBeGreaterThanOrEqual(2)
    expect((await post('/events/count-by/event', { filter })).json).toMatchObject([
      { value: 't.a', count: 1 },
      { value: 't.b' },
      { value: 't.c' },
    ])
    expect((await post('/events/count-by/resource', { filter })).json[0]).toMatchObject({
      value: 'box.1',
      label: 'One',
      count: 1,
    })
    expect((await post('/events/count-by/time', { time_unit: 'second', filter: {} })).status).toBe(422)
    expect((await post('/events/count-by/nothing', { filter })).status).toBe(422)
    expect((await post('/events/filter', { filter: { occurred: { since: 'yesterday-ish' } } })).status).toBe(
      422,
    )
  })
})

describe('the graph of a run', () => {
  test('shows what waited for what, and sub-flows as themselves', async () => {
    const run = await newRun()
    const make = async (key: string, task_inputs: object = {}): Promise<string> =>
      (
        await post('/task_runs/', {
          flow_run_id: run,
          task_key: key,
          dynamic_key: '0',
          name: key,
          task_inputs,
        })
      ).json.id
    const first = await make('first')
    const stand = await make('sub', {
      x: [
        { input_type: 'task_run', id: first },
        { input_type: 'constant', type: 'int' },
      ],
    })
    const child = (await post('/flow_runs/', { flow_id: flowId, parent_task_run_id: stand, name: 'child' }))
      .json.id
    const last = await make('last', {
      wait_for: [{ input_type: 'task_run', id: stand }],
      __parents__: [{ input_type: 'task_run', id: first }],
    })
    const graph = (await call(us, 'GET', `/flow_runs/${run}/graph-v2`)).json
    const nodes = Object.fromEntries(graph.nodes)
    expect(Object.keys(nodes).sort()).toEqual([first, child, last].sort())
    expect(graph.root_node_ids).toEqual([first])
    expect(nodes[child]).toMatchObject({
      kind: 'flow-run',
      label: 'child',
      parents: [{ id: first }],
      children: [{ id: last }],
    })
    expect(nodes[last]).toMatchObject({
      parents: [{ id: child }],
      encapsulating: [{ id: first }],
      artifacts: [],
    })
    expect(graph.states.map((state: { name: string }) => state.name)).toEqual(['Pending'])
    const v1 = (await call(us, 'GET', `/flow_runs/${run}/graph`)).json
    expect(v1).toHaveLength(3)
    expect(v1.find((row: { id: string }) => row.id === stand).upstream_dependencies).toEqual([
      { input_type: 'task_run', id: first },
    ])
    expect((await call(them, 'GET', `/flow_runs/${run}/graph-v2`)).status).toBe(404)
  })

  test('takes a state for many runs at once', async () => {
    const runs = await Promise.all([newRun(), newRun()])
    const { results } = (
      await post('/flow_runs/bulk_set_state', {
        flow_runs: { id: { any_: runs } },
        state: { type: 'CANCELLED', data: 1.0 },
        force: true,
      })
    ).json
    expect(
      results
        .map((result: { flow_run_id: string; status: string }) => [result.flow_run_id, result.status])
        .sort(),
    ).toEqual(runs.sort().map((id) => [id, 'ACCEPT']))
    expect(
      (
        await post(
          '/flow_runs/bulk_set_state',
          { flow_runs: { id: { any_: runs } }, state: { type: 'FAILED' } },
          them,
        )
      ).json.results,
    ).toEqual([])
  })
})

describe('the server', () => {
  test('answers what clients ask before they know anything', async () => {
    for (const base of ['/api', us.base]) {
      const get = (path: string, headers = {}) =>
        call(us, 'GET', `${base}${path}`, undefined, { key: null, headers })
      expect((await get('/health')).json).toBe(true)
      expect((await get('/ready')).json).toEqual({ message: 'OK' })
      expect((await get('/version')).json).toBe('0.8.4')
      expect((await get('/admin/version', { 'user-agent': 'prefect/3.4.1 (API 0.8.4)' })).json).toBe('3.4.1')
      expect((await get('/admin/settings')).json).toMatchObject({
        server: { api: { default_limit: 200, csrf_protection_enabled: false }, analytics_enabled: false },
      })
      expect(await get('/csrf-token?client=x')).toMatchObject({
        status: 422,
        json: { detail: 'CSRF protection is disabled.' },
      })
    }
    expect((await call(us, 'GET', '/admin/storage')).json).toEqual({ default_result_storage_block_id: null })
    expect((await call(us, 'GET', '/admin/storage', undefined, { key: null })).status).toBe(401)
  })

  test('grants slots of limits that nobody has made', async () => {
    const asked = {
      names: ['tag:a'],
      slots: 1,
      mode: 'concurrency',
      lease_duration: 60,
      holder: { type: 'task_run', id: randomUUID() },
    }
    const { status, json } = await post('/v2/concurrency_limits/increment-with-lease', asked)
    expect([status, json.limits]).toEqual([200, []])
    expect(
      (await post(`/v2/concurrency_limits/leases/${json.lease_id}/renew`, { lease_duration: 60 })).status,
    ).toBe(204)
    expect(
      (await post('/v2/concurrency_limits/decrement-with-lease', { lease_id: json.lease_id })).status,
    ).toBe(204)
    expect(
      (await post('/v2/concurrency_limits/increment-with-lease', { ...asked, lease_duration: 5 })).status,
    ).toBe(422)
    expect((await post('/v2/concurrency_limits/increment-with-lease', { ...asked, slots: 0 })).status).toBe(
      422,
    )
    expect(
      (await post('/concurrency_limits/increment', { names: ['a'], task_run_id: randomUUID() })).json,
    ).toEqual([])
  })
})
