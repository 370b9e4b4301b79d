import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
const filters = [
  { object: 'flow_run', property: 'state', type: 'list', operation: 'any', value: [1.5, null] },
]
const save = (body: unknown, who = us) => call(who, 'PUT', '/saved_searches/', body)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

test('a search is kept under its name; saved again it is replaced', async () => {
  const made = await call(
    us,
    'PUT',
    '/saved_searches/',
    '{"name":"late","filters":[{"object":"o","property":"p","type":"t","operation":"eq","value":1.0}]}',
  )
  expect(made.status).toBe(200)
  expect(made.text).toContain('"value":1.0')
  const again = await save({ name: 'late', filters })
  expect(again.json).toMatchObject({ id: made.json.id, name: 'late', filters })
  expect((await call(us, 'GET', `/saved_searches/${made.json.id}`)).json).toEqual(again.json)
  expect((await save({ name: 'empty', filters: null })).json.filters).toEqual([])
  const names = async (body: object, who = us) =>
    (await call(who, 'POST', '/saved_searches/filter', body)).json.map((row: { name: string }) => row.name)
  expect(await names({})).toEqual(['empty', 'late'])
  expect(await names({ limit: 1, offset: 1 })).toEqual(['late'])
  expect(await names({}, them)).toEqual([])
  for (const body of [{}, { name: '' }, { name: 'x', filters: [{ object: 'o' }] }])
    expect((await save(body)).status).toBe(422)
})

test("searches are one's own, and need the permission for each thing", async () => {
  const { id } = (await save({ name: 'ours' })).json
  expect((await call(them, 'GET', `/saved_searches/${id}`)).status).toBe(404)
  expect((await call(them, 'DELETE', `/saved_searches/${id}`)).status).toBe(404)
  expect((await save({ name: 'ours' }, them)).json.id).not.toBe(id)
  const viewer = { key: us.key('viewer') }
  expect((await call(us, 'GET', `/saved_searches/${id}`, undefined, viewer)).status).toBe(200)
  expect((await call(us, 'PUT', '/saved_searches/', { name: 'v' }, viewer)).status).toBe(403)
  expect((await call(us, 'DELETE', `/saved_searches/${id}`, undefined, viewer)).status).toBe(403)
  expect((await call(us, 'DELETE', `/saved_searches/${id}`)).status).toBe(204)
  expect((await call(us, 'DELETE', `/saved_searches/${id}`)).status).toBe(404)
  expect((await call(us, 'GET', `/saved_searches/${randomUUID()}`)).status).toBe(404)
})
