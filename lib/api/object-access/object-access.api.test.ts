import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
let deployment: { id: string }
let pool: { id: string; name: string }
let block: { id: string }

const post = async (path: string, body: unknown) => {
  const answer = await call(us, 'POST', path, body)
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.json
}

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  const flow = await post('/flows/', { name: 'guarded' })
  deployment = await post('/deployments/', { name: 'd', flow_id: flow.id })
  pool = await post('/work_pools/', { name: 'pool', type: 'process' })
  const type = await post('/block_types/', { name: 'Kind', slug: 'kind' })
  const schema = await post('/block_schemas/', { block_type_id: type.id, fields: {} })
  block = await post('/block_documents/', {
    name: 'b',
    block_type_id: type.id,
    block_schema_id: schema.id,
    data: {},
  })
})

const everybody = [{ id: '*', name: '*', email: null, type: '*' }]
const three = { manage_actors: everybody, run_actors: everybody, view_actors: everybody }
const open = (levels: readonly string[]) => ({
  access_control: Object.fromEntries(levels.map((level) => [`${level}_actor_ids`, ['*']])),
})

describe('who may do what with one object', () => {
  const cases = () =>
    [
      [`/deployments/${deployment.id}/access`, three, ['manage', 'run', 'view']],
      ['/work_pools/pool/access', three, ['manage', 'run', 'view']],
      [
        `/block_documents/${block.id}/access`,
        { manage_actors: everybody, view_actors: everybody },
        ['manage', 'view'],
      ],
    ] as const

  test('is everybody whose role allows it, and a list that says so can be sent', async () => {
    for (const [path, access, levels] of cases()) {
      expect((await call(us, 'GET', path)).json, path).toEqual(access)
      expect((await call(us, 'PUT', path, open(levels))).status, path).toBe(204)
    }
  })

  test('cannot be told apart by lists, and whoever tries is told what to do', async () => {
    for (const [path, , levels] of cases()) {
      const { access_control } = open(levels)
      for (const more of [
        { view_actor_ids: [randomUUID()] },
        { view_actor_ids: [] },
        { view_team_ids: [randomUUID()] },
      ]) {
        const answer = await call(us, 'PUT', path, { access_control: { ...access_control, ...more } })
        expect([answer.status, answer.json.detail], path).toEqual([
          422,
          expect.stringContaining('the roles of the workspace decide'),
        ])
      }
      expect((await call(us, 'PUT', path, {})).status).toBe(422)
    }
  })

  test('is told to nobody else, and changed by nobody who may not', async () => {
    for (const [path, , levels] of cases()) {
      expect((await call(them, 'GET', path)).status).toBe(404)
      expect((await call(them, 'PUT', path, open(levels))).status).toBe(404)
      expect((await call(us, 'PUT', path, open(levels), { key: us.key('viewer') })).status).toBe(403)
    }
    expect((await call(us, 'GET', `/deployments/${randomUUID()}/access`)).status).toBe(404)
  })
})

test('what one may do oneself follows from a role, for what is there', async () => {
  const mine = async (role: 'owner' | 'viewer' | 'runner', path: string, body: object) =>
    (await call(us, 'POST', path, body, { key: us.key(role) })).json
  const deployments = { deployment_ids: [deployment.id, randomUUID()] }
  expect(await mine('owner', '/deployments/my-access', deployments)).toEqual({
    [deployment.id]: ['manage', 'run', 'view'],
  })
  expect(await mine('runner', '/deployments/my-access', deployments)).toEqual({
    [deployment.id]: ['run', 'view'],
  })
  expect(await mine('viewer', '/deployments/my-access', deployments)).toEqual({ [deployment.id]: ['view'] })
  expect(await mine('owner', '/work_pools/my-access', { work_pool_names: ['pool', 'none'] })).toEqual({
    [pool.id]: ['manage', 'run', 'view'],
  })
  expect(await mine('viewer', '/block_documents/my-access', { block_document_ids: [block.id] })).toEqual({
    [block.id]: ['view'],
  })
  expect((await call(them, 'POST', '/deployments/my-access', deployments)).json).toEqual({})
})
