import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)
const patch = (path: string, body: unknown, who = us) => call(who, 'PATCH', path, body)
const remove = (path: string, who = us) => call(who, 'DELETE', path)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

interface Row {
  id: string
  latest_id: string
  key: string
  data: unknown
}
const collectionOf = async (key: string): Promise<Row | undefined> =>
  (await post('/artifacts/latest/filter', { artifacts: { key: { any_: [key] } } })).json[0]

interface Told {
  event: string
  resource: Record<string, string>
  related: Record<string, string>[]
  payload: Record<string, unknown>
}
const toldOf = async (collectionId: string): Promise<Told[]> =>
  (
    await post('/events/filter', {
      filter: { resource: { id: [`prefect.artifact-collection.${collectionId}`] }, order: 'ASC' },
    })
  ).json.events

describe('artifacts', () => {
  test('keep their data as it was sent', async () => {
    for (const data of ['null', '"# ü"', '75.0', '[{"a": 1, "b": 12345678901234567890}]', '{"b":1,"a":[]}']) {
      const made = await call(
        us,
        'POST',
        '/artifacts/',
        `{"type":"table","data":${data},"metadata_":{"k":"v"}}`,
      )
      expect(made.status).toBe(201)
      expect(made.text).toContain(`"data":${data}}`)
      expect(made.json).toMatchObject({ key: null, type: 'table', metadata_: { k: 'v' }, flow_run_id: null })
      expect((await get(`/artifacts/${made.json.id}`)).text).toBe(made.text)
    }
    expect((await post('/artifacts/', {})).json).toMatchObject({
      key: null,
      type: null,
      description: null,
      data: null,
      metadata_: null,
      flow_run_id: null,
      task_run_id: null,
    })
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    expect((await call(us, 'POST', '/artifacts/', `{"data":${deep}}`)).status).toBe(422)
    for (const body of [{ key: 'Not Good' }, { key: 'a_b' }, { metadata_: { k: 1 } }, { flow_run_id: 'x' }])
      expect((await post('/artifacts/', body)).status).toBe(422)
  })

  test('change what is sent and nothing else', async () => {
    const { id } = (await post('/artifacts/', { type: 'progress', data: 10, description: 'd' })).json
    expect((await call(us, 'PATCH', `/artifacts/${id}`, '{"data":75.0}')).status).toBe(204)
    const now = await get(`/artifacts/${id}`)
    expect(now.text).toContain('"data":75.0}')
    expect(now.json).toMatchObject({ type: 'progress', description: 'd' })
    await patch(`/artifacts/${id}`, { data: null, description: null, metadata_: { a: 'b' } })
    expect((await get(`/artifacts/${id}`)).json).toMatchObject({
      data: null,
      description: null,
      metadata_: { a: 'b' },
    })
    expect((await patch(`/artifacts/${randomUUID()}`, { data: 1 })).status).toBe(404)
  })

  test('of one key are a history, the latest of which stands for it', async () => {
    const [first, second] = [
      (await post('/artifacts/', { key: 'report', type: 'markdown', data: '# First' })).json,
      (await post('/artifacts/', { key: 'report', type: 'markdown', data: '# Second' })).json,
    ]
    expect((await get('/artifacts/report/latest')).json).toEqual(second)
    const collection = await collectionOf('report')
    expect(collection).toMatchObject({ key: 'report', latest_id: second.id, data: '# Second' })
    const every = (await post('/artifacts/filter', { artifacts: { key: { any_: ['report'] } } })).json
    expect(every.map((row: Row) => row.id)).toEqual([second.id, first.id])
    await patch(`/artifacts/${second.id}`, { data: '# Changed' })
    expect((await collectionOf('report'))?.data).toBe('# Changed')
    await remove(`/artifacts/${second.id}`)
    expect(await collectionOf('report')).toMatchObject({ id: collection?.id, latest_id: first.id })
    expect((await get('/artifacts/report/latest')).json.id).toBe(first.id)
    expect((await remove(`/artifacts/${first.id}`)).status).toBe(204)
    expect((await remove(`/artifacts/${first.id}`)).status).toBe(404)
    expect(await collectionOf('report')).toBeUndefined()
    expect((await get('/artifacts/report/latest')).status).toBe(404)
  })

  test('tell what became of their key', async () => {
    const [run, task] = [randomUUID(), randomUUID()]
    const made = (
      await post('/artifacts/', {
        key: 'told',
        type: 'table',
        data: [1],
        description: 'd',
        flow_run_id: run,
        task_run_id: task,
      })
    ).json
    const { id } = (await collectionOf('told')) as Row
    const newer = (await post('/artifacts/', { key: 'told', data: 'x'.repeat(2_000_000) })).json
    // The history's own matter.
    await patch(`/artifacts/${made.id}`, { data: [2] })
    await patch(`/artifacts/${newer.id}`, { data: 3 })
    await remove(`/artifacts/${newer.id}`)
    await remove(`/artifacts/${made.id}`)
    const told = await toldOf(id)
    expect(told.map((event) => event.event)).toEqual([
      'prefect.artifact-collection.created',
      'prefect.artifact-collection.updated',
      'prefect.artifact-collection.updated',
      'prefect.artifact-collection.updated',
      'prefect.artifact-collection.deleted',
    ])
    expect(told.map((event) => event.payload.data)).toEqual([[1], null, 3, [2], [2]])
    expect(told[0]).toMatchObject({
      resource: {
        'prefect.resource.id': `prefect.artifact-collection.${id}`,
        'prefect.resource.name': 'told',
      },
      related: [
        { 'prefect.resource.id': `prefect.artifact.${made.id}`, 'prefect.resource.role': 'latest' },
        { 'prefect.resource.id': `prefect.flow-run.${run}`, 'prefect.resource.role': 'flow-run' },
        { 'prefect.resource.id': `prefect.task-run.${task}`, 'prefect.resource.role': 'task-run' },
      ],
      payload: { key: 'told', type: 'table', data: [1], description: 'd' },
    })
  })

  test('made and deleted at once leave one key with one latest', async () => {
    const made = (
      await Promise.all(Array.from({ length: 12 }, (_, data) => post('/artifacts/', { key: 'race', data })))
    ).map((answer) => answer.json.id)
    expect((await post('/artifacts/latest/count', { artifacts: { key: { any_: ['race'] } } })).json).toBe(1)
    expect(made).toContain((await collectionOf('race'))?.latest_id)
    const answers = await Promise.all([
      ...made.map((id) => remove(`/artifacts/${id}`)),
      ...made.map((id) => patch(`/artifacts/${id}`, { data: 'late' })),
      ...made.slice(0, 6).map(() => post('/artifacts/', { key: 'race' })),
    ])
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([])
    const left = (await post('/artifacts/filter', { artifacts: { key: { any_: ['race'] } } })).json
    expect(left).toHaveLength(6)
    expect(left.map((row: Row) => row.id)).toContain((await collectionOf('race'))?.latest_id)
  })

  test('are found by what made them', async () => {
    const flow = (await post('/flows/', { name: 'maker' })).json.id
    const run = (await post('/flow_runs/', { flow_id: flow, name: 'made-it' })).json.id
    const task = (
      await post('/task_runs/', { flow_run_id: run, task_key: 't', dynamic_key: '0', name: 'made-this' })
    ).json.id
    const ids = [
      (await post('/artifacts/', { key: 'of-run', flow_run_id: run })).json.id,
      (await post('/artifacts/', { key: 'of-task', flow_run_id: run, task_run_id: task })).json.id,
    ]
    const found = async (body: object) =>
      (await post('/artifacts/filter', { ...body, sort: 'CREATED_DESC' })).json.map((row: Row) => row.id)
    expect(await found({ flow_runs: { name: { any_: ['made-it'] } } })).toEqual([...ids].reverse())
    expect(await found({ flows: { id: { any_: [flow] } } })).toEqual([...ids].reverse())
    expect(await found({ task_runs: { name: { like_: 'made' } } })).toEqual([ids[1]])
    expect(await found({ artifacts: { task_run_id: { any_: [task] } } })).toEqual([ids[1]])
    expect((await post('/artifacts/count', { flows: { name: { any_: ['maker'] } } })).json).toBe(2)
    const latest = await post('/artifacts/latest/filter', {
      artifacts: { latest_id: { any_: ids } },
      flow_runs: { id: { any_: [run] } },
      sort: 'KEY_DESC',
    })
    expect(latest.json.map((row: Row) => row.key)).toEqual(['of-task', 'of-run'])
    expect((await call(us, 'POST', '/artifacts/latest/count')).json).toBeGreaterThanOrEqual(2)
    // They outlive what made them.
    expect((await remove(`/flow_runs/${run}`)).status).toBe(204)
    expect((await get(`/artifacts/${ids[0]}`)).status).toBe(200)
  })

  test('come in every order', async () => {
    const who = await tenant()
    for (const key of ['b', 'a', undefined]) await post('/artifacts/', { key, data: key ?? 'none' }, who)
    const rows = async (sort: string) =>
      (await post('/artifacts/filter', { sort }, who)).json.map((row: Row) => row.data)
    expect(await rows('ID_DESC')).toEqual(['none', 'a', 'b'])
    expect(await rows('CREATED_DESC')).toEqual(['none', 'a', 'b'])
    expect(await rows('UPDATED_DESC')).toEqual(['none', 'a', 'b'])
    expect(await rows('KEY_ASC')).toEqual(['a', 'b', 'none'])
    expect(await rows('KEY_DESC')).toEqual(['b', 'a', 'none'])
    expect((await post('/artifacts/filter', { limit: 1, offset: 1 }, who)).json).toHaveLength(1)
    expect(
      (await post('/artifacts/filter', { artifacts: { key: { exists_: false } } }, who)).json,
    ).toHaveLength(1)
  })

  test("are one's own, and need the permission for each thing", async () => {
    const { id } = (await post('/artifacts/', { key: 'ours', data: 'secret' })).json
    expect((await get(`/artifacts/${id}`, them)).status).toBe(404)
    expect((await get('/artifacts/ours/latest', them)).status).toBe(404)
    expect((await patch(`/artifacts/${id}`, { data: 1 }, them)).status).toBe(404)
    expect((await remove(`/artifacts/${id}`, them)).status).toBe(404)
    expect((await post('/artifacts/filter', { artifacts: { id: { any_: [id] } } }, them)).json).toEqual([])
    expect((await post('/artifacts/', { key: 'ours', data: 'theirs' }, them)).status).toBe(201)
    expect((await get('/artifacts/ours/latest')).json.data).toBe('secret')
    const status = async (role: 'viewer' | 'worker', method: string, path: string, body?: object) =>
      (await call(us, method, path, body, { key: us.key(role) })).status
    expect(await status('viewer', 'GET', `/artifacts/${id}`)).toBe(200)
    expect(await status('viewer', 'POST', '/artifacts/', {})).toBe(403)
    expect(await status('viewer', 'PATCH', `/artifacts/${id}`, {})).toBe(403)
    expect(await status('worker', 'POST', '/artifacts/', {})).toBe(201)
    expect(await status('worker', 'DELETE', `/artifacts/${id}`)).toBe(403)
  })
})
