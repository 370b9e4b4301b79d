import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)
const patch = (path: string, body: unknown, who = us) => call(who, 'PATCH', path, body)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

const eventsOf = async (id: string) =>
  (await post('/events/filter', { filter: { resource: { id: [`prefect.variable.${id}`] }, order: 'ASC' } }))
    .json.events as { event: string; resource: Record<string, string>; payload: unknown }[]

describe('variables', () => {
  test('keep any JSON value to the last digit', async () => {
    for (const [i, value] of [
      'null',
      'true',
      '"text ü"',
      '12345678901234567890.10',
      '[1.0, null, {"a": 1e2}]',
      '{"b":1,"a":{"b":[]}}',
    ].entries()) {
      const made = await call(us, 'POST', '/variables/', `{"name":"exact_${i}","value":${value},"tags":null}`)
      expect(made.status).toBe(201)
      expect(made.json.tags).toEqual([])
      expect(made.text).toContain(`"value":${value}}`)
      for (const path of [`/variables/${made.json.id}`, `/variables/name/exact_${i}`])
        expect((await get(path)).text).toBe(made.text)
    }
  })

  test('refuse names and values that clients could not use', async () => {
    const refused = [
      {},
      { name: 'no_value' },
      { value: 1 },
      { name: 'Not Allowed!', value: 1 },
      { name: 'a-b', value: 1 },
      { name: '', value: 1 },
      { name: 'a\n', value: 1 },
      { name: 'x'.repeat(256), value: 1 },
      { name: 'big', value: 'x'.repeat(4_999) },
      { name: 'tagged', value: 1, tags: 'x' },
    ]
    for (const body of refused) expect((await post('/variables/', body)).status).toBe(422)
    const deep = `${'['.repeat(600)}${']'.repeat(600)}`
    expect((await call(us, 'POST', '/variables/', `{"name":"deep","value":${deep}}`)).status).toBe(422)
    const spaced = `{"name":"spaced","value":[1,${' '.repeat(6_000)}2]}`
    expect((await call(us, 'POST', '/variables/', spaced)).status).toBe(201)
    expect((await post('/variables/', { name: 'full', value: 'x'.repeat(4_998) })).status).toBe(201)
    expect((await patch('/variables/name/full', { value: 'x'.repeat(4_999) })).status).toBe(422)
    expect((await patch('/variables/name/full', { name: 'Full' })).status).toBe(422)
  })

  test('have names of their own', async () => {
    const made = await Promise.all([1, 2, 3, 4].map((value) => post('/variables/', { name: 'one', value })))
    expect(made.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409])
    await post('/variables/', { name: 'two', value: 2 })
    expect(await patch('/variables/name/two', { name: 'one' })).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('one') },
    })
    expect((await post('/variables/', { name: 'one', value: 'theirs' }, them)).status).toBe(201)
  })

  test('change what is sent and nothing else', async () => {
    const { id } = (await post('/variables/', { name: 'changing', value: 1, tags: ['a'] })).json
    const now = async () => {
      const { name, value, tags } = (await get(`/variables/${id}`)).json
      return { name, value, tags }
    }
    expect((await patch(`/variables/${id}`, { value: null })).status).toBe(204)
    expect(await now()).toEqual({ name: 'changing', value: null, tags: ['a'] })
    await patch(`/variables/${id}`, { name: null, tags: null })
    expect(await now()).toEqual({ name: 'changing', value: null, tags: ['a'] })
    await patch('/variables/name/changing', { name: 'changed', tags: ['b', 'c'] })
    expect(await now()).toEqual({ name: 'changed', value: null, tags: ['b', 'c'] })
    expect((await get('/variables/name/changing')).status).toBe(404)
    expect((await patch('/variables/name/changing', { value: 1 })).status).toBe(404)
  })

  test('are found by filters, in every order, page by page', async () => {
    const who = await tenant()
    for (const [name, tags] of [
      ['b_two', ['x']],
      ['a_one', []],
      ['c_two', ['x', 'y']],
    ] as const)
      await post('/variables/', { name, value: name, tags }, who)
    const names = async (body: object) =>
      (await post('/variables/filter', body, who)).json.map((row: { name: string }) => row.name)
    expect(await names({})).toEqual(['a_one', 'b_two', 'c_two'])
    expect(await names({ variables: null, limit: null, offset: null, sort: null })).toHaveLength(3)
    expect(await names({ sort: 'NAME_DESC', limit: 1, offset: 1 })).toEqual(['b_two'])
    expect(await names({ sort: 'CREATED_DESC' })).toEqual(['c_two', 'a_one', 'b_two'])
    await patch('/variables/name/b_two', { value: 1 }, who)
    expect(await names({ sort: 'UPDATED_DESC', limit: 1 })).toEqual(['b_two'])
    expect(await names({ variables: { name: { like_: '_TWO' }, tags: { all_: ['y'] } } })).toEqual(['c_two'])
    expect(
      await names({ variables: { operator: 'or_', name: { any_: ['a_one'] }, tags: { all_: ['y'] } } }),
    ).toEqual(['a_one', 'c_two'])
    expect((await post('/variables/count', { variables: { tags: { is_null_: true } } }, who)).json).toBe(1)
    expect((await call(who, 'POST', '/variables/count')).json).toBe(3)
    expect((await post('/variables/filter', { limit: 201 }, who)).status).toBe(422)
    expect((await post('/variables/filter', { sort: 'VALUE' }, who)).status).toBe(422)
  })

  test('tell what happened to them', async () => {
    const { id } = (await call(us, 'POST', '/variables/', '{"name":"told","value":1.0,"tags":["t"]}')).json
    await patch(`/variables/${id}`, { name: 'retold', value: { a: 1 } })
    expect((await call(us, 'DELETE', '/variables/name/retold')).status).toBe(204)
    expect((await call(us, 'DELETE', `/variables/${id}`)).status).toBe(404)
    expect((await call(us, 'DELETE', '/variables/name/retold')).status).toBe(404)
    const told = { name: 'retold', value: { a: 1 }, tags: ['t'] }
    expect(await eventsOf(id)).toMatchObject([
      { event: 'prefect.variable.created', payload: { name: 'told', value: 1, tags: ['t'] } },
      { event: 'prefect.variable.updated', payload: told },
      {
        event: 'prefect.variable.deleted',
        payload: told,
        resource: { 'prefect.resource.id': `prefect.variable.${id}`, 'prefect.resource.name': 'retold' },
      },
    ])
  })

  test("are one's own", async () => {
    const { id } = (await post('/variables/', { name: 'ours', value: 'secret' })).json
    for (const path of [`/variables/${id}`, '/variables/name/ours', `/variables/${randomUUID()}`]) {
      expect((await get(path, them)).status).toBe(404)
      expect((await patch(path, { value: 1 }, them)).status).toBe(404)
      expect((await call(them, 'DELETE', path)).status).toBe(404)
    }
    expect((await post('/variables/filter', { variables: { id: { any_: [id] } } }, them)).json).toEqual([])
    expect((await get('/variables/name/ours')).json.value).toBe('secret')
  })

  test('need the permission for each thing', async () => {
    const { id } = (await post('/variables/', { name: 'guarded', value: 1 })).json
    const status = async (role: 'viewer' | 'worker', method: string, path: string, body?: object) =>
      (await call(us, method, path, body, { key: us.key(role) })).status
    for (const role of ['viewer', 'worker'] as const) {
      expect(await status(role, 'GET', `/variables/${id}`)).toBe(200)
      expect(await status(role, 'POST', '/variables/filter', {})).toBe(200)
      expect(await status(role, 'POST', '/variables/', { name: 'not_theirs', value: 1 })).toBe(403)
      expect(await status(role, 'PATCH', `/variables/${id}`, { value: 2 })).toBe(403)
      expect(await status(role, 'DELETE', `/variables/${id}`)).toBe(403)
    }
  })
})
