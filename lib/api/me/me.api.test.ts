import { createHash, randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { isWellFormedKey } from '../../../agent/src/protocol/keys.ts'
import { createLog } from '../../config/log.ts'
import { type BootstrappedTenant, bootstrapTenant } from '../../control/accounts/bootstrap-tenant.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { nowMicros } from '../../engine/clock.ts'
import { createIdentity } from '../../identity/identity-service.ts'
import { testDatabase } from '../../testing/database.ts'
import { accountRoutes } from '../accounts/routes.ts'
import { workspaceRoutes } from '../accounts/workspace-routes.ts'
import { createApi, fullPath } from '../app.ts'
import type { Services } from '../services.ts'
import { userRoutes } from '../users/routes.ts'
import { myKeyRoutes } from './key-routes.ts'
import { meRoutes } from './routes.ts'
import { mySessionRoutes } from './session-routes.ts'

const db = await testDatabase()
const identity = createIdentity({ db })
afterAll(() => identity.close())

const routes = [
  ...meRoutes,
  ...myKeyRoutes,
  ...mySessionRoutes,
  ...userRoutes,
  ...accountRoutes,
  ...workspaceRoutes,
]
// Safe: these routes ask for nothing else.
const services = {
  db,
  identity,
  log: createLog('silent'),
  publicUrl: 'http://rigel.test',
  nowMicros,
} as unknown as Services
const app = createApi(services, routes)

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
  readonly headers: Headers
}

async function call(
  key: string | null,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await app.request(`/api${path}`, {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      'content-type': 'application/json',
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? null : JSON.parse(text), headers: answer.headers }
}

let made = 0
const tenant = (extra: Partial<Parameters<typeof bootstrapTenant>[1]> = {}): Promise<BootstrappedTenant> => {
  const n = ++made
  return bootstrapTenant(db, {
    userLogin: `user${n}`,
    email: `user${n}@example.com`,
    accountHandle: `acct${n}`,
    workspaceHandle: 'main',
    ...extra,
  })
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()
const workspaceOf = (t: BootstrappedTenant): string => `/accounts/${t.accountId}/workspaces/${t.workspaceId}`

test('my profile, accounts and workspaces are what clients need to log in', async () => {
  const me = await tenant()
  expect((await call(me.apiKey, 'GET', '/me/')).json).toMatchObject({
    id: me.userId,
    handle: me.userHandle,
    first_name: me.userHandle,
    last_name: '',
    email: `${me.userHandle}@example.com`,
  })
  expect((await call(me.apiKey, 'GET', '/me')).status).toBe(200)
  const [workspace, ...others] = (await call(me.apiKey, 'GET', '/me/workspaces')).json
  expect(others).toEqual([])
  expect(workspace).toEqual({
    account_id: me.accountId,
    account_name: me.accountHandle,
    account_handle: me.accountHandle,
    workspace_id: me.workspaceId,
    workspace_name: 'main',
    workspace_description: '',
    workspace_handle: 'main',
  })
  expect((await call(me.apiKey, 'GET', '/me/accounts')).json).toMatchObject([
    { account_id: me.accountId, account_role_name: 'Owner', account_plan_type: 'ORGANIZATION' },
  ])
})

test('a plain member sees the account and no workspace in it', async () => {
  const owner = await tenant()
  const member = await tenant({ accountHandle: owner.accountHandle })
  expect((await call(member.apiKey, 'GET', '/me/workspaces')).json).toEqual([])
  expect((await call(member.apiKey, 'POST', `/accounts/${owner.accountId}/workspaces/filter`)).json).toEqual(
    [],
  )
  expect((await call(member.apiKey, 'GET', `/accounts/${owner.accountId}`)).json).toMatchObject({
    id: owner.accountId,
    plan_type: 'ORGANIZATION',
    status: 'ACTIVE',
  })
  expect(
    (await call(member.apiKey, 'PATCH', `/accounts/${owner.accountId}`, { name: 'Mine now' })).status,
  ).toBe(403)
  expect(
    (
      await call(member.apiKey, 'POST', `/accounts/${owner.accountId}/workspaces/`, {
        name: 'x',
        handle: 'x',
      })
    ).status,
  ).toBe(403)
  expect((await call(member.apiKey, 'GET', workspaceOf(owner))).status).toBe(404)
})

test('permissions and scopes follow the roles', async () => {
  const owner = await tenant()
  const viewer = await tenant({ accountHandle: owner.accountHandle, workspaceRole: 'viewer' })
  const permissions = async (key: string) =>
    (await call(key, 'GET', `/me/accounts/${owner.accountId}/permissions`)).json
  expect(await permissions(owner.apiKey)).toHaveLength(46)
  expect(await permissions(viewer.apiKey)).toHaveLength(13)
  expect(
    (
      await call(
        viewer.apiKey,
        'GET',
        `/me/accounts/${owner.accountId}/has_permission?permission=update:account`,
      )
    ).json,
  ).toBe(false)
  expect(
    (await call(owner.apiKey, 'GET', '/me/accounts/has_permission?permission=update:account')).json,
  ).toEqual([owner.accountId])
  expect((await call(owner.apiKey, 'GET', `/me/workspaces/${owner.workspaceId}/scopes`)).json).toHaveLength(
    61,
  )
  expect(
    (await call(viewer.apiKey, 'GET', `/me/workspaces/${owner.workspaceId}/has_scope?scope=run_flows`)).json,
  ).toBe(false)
  expect(
    (await call(viewer.apiKey, 'GET', `/me/workspaces/${owner.workspaceId}/has_scope?scope=see_flows`)).json,
  ).toBe(true)
  expect(
    (await call(viewer.apiKey, 'GET', `/me/workspaces/${owner.workspaceId}/has_scope?scope=fly`)).status,
  ).toBe(422)
  expect((await call(owner.apiKey, 'GET', '/workspace_scopes')).json).toHaveLength(61)
  expect((await call(owner.apiKey, 'GET', '/workspace_scopes')).json).toContainEqual({
    name: 'manage_work_pools',
    title: 'Manage work pools',
    feature_group: 'Work pools',
    includes_scopes: ['see_work_pools', 'write_work_pools'],
    see_scope: 'see_work_pools',
  })
  expect((await call(owner.apiKey, 'GET', '/accounts/permissions')).json).toHaveLength(47)
})

test('a key is made, shown once, listed without its secret, and works until it is revoked', async () => {
  const me = await tenant()
  const expiration = inDays(30)
  const created = await call(me.apiKey, 'POST', '/me/api_keys', {
    name: 'laptop',
    workspace_id: me.workspaceId,
    role: 'developer',
    expiration,
  })
  expect(created.status).toBe(201)
  expect(created.headers.get('cache-control')).toBe('no-store')
  const { id, key } = created.json
  expect(isWellFormedKey(key)).toBe(true)
  expect(created.json).toMatchObject({
    name: 'laptop',
    workspace_id: me.workspaceId,
    role: 'developer',
    expiration,
    masked_key: `rgu_…${key.slice(-4)}`,
  })
  expect((await call(key, 'GET', '/me/workspaces')).json).toHaveLength(1)
  await identity.flush()
  const listed = (await call(me.apiKey, 'GET', '/me/api_keys')).json
  expect(listed.map((each: { name: string }) => each.name)).toEqual(['laptop', 'bootstrap'])
  expect(JSON.stringify(listed)).not.toContain(key)
  expect(listed[0].last_used_at).not.toBeNull()
  expect((await call(me.apiKey, 'GET', '/me/api_keys?name=laptop')).json).toHaveLength(1)
  expect(
    (await call(me.apiKey, 'POST', '/me/api_keys/filter', { api_keys: { name: { like_: 'LAP' } } })).json,
  ).toHaveLength(1)
  expect(
    (await call(me.apiKey, 'POST', '/me/api_keys/filter', { api_keys: { name: { like_: '%' } }, limit: 5 }))
      .json,
  ).toEqual([])
  expect((await call(me.apiKey, 'POST', '/me/api_keys/filter')).json).toHaveLength(2)
  expect((await call(me.apiKey, 'DELETE', `/me/api_keys/${id}`)).status).toBe(204)
  await expect
    .poll(async () => (await call(key, 'GET', '/me/workspaces')).status, { timeout: 1_000, interval: 5 })
    .toBe(401)
  expect((await call(me.apiKey, 'DELETE', `/me/api_keys/${id}`)).status).toBe(404)
})

test.each([
  [{ name: '' }, 422],
  [{ name: '   ' }, 422],
  [{ name: 'x', expiration: '2001-01-01T00:00:00Z' }, 422],
  [{ name: 'x', expiration: 'soon' }, 422],
  [{ name: 'x', role: 'king' }, 422],
  [{ name: 'x', workspace_id: 'nowhere' }, 422],
  [{ name: 'x', workspace_id: '00000000-0000-4000-8000-000000000000' }, 404],
  [{ name: 'n'.repeat(501) }, 422],
])('the key %j is refused with %i', async (body, status) => {
  const me = await tenant()
  const answer = await call(me.apiKey, 'POST', '/me/api_keys', body)
  expect([answer.status, typeof answer.json.exception_message]).toEqual([status, 'string'])
})

test("a key for a stranger's workspace cannot be made", async () => {
  const [me, stranger] = [await tenant(), await tenant()]
  expect(
    (await call(me.apiKey, 'POST', '/me/api_keys', { name: 'x', workspace_id: stranger.workspaceId })).status,
  ).toBe(404)
})

test('a bounded key makes, sees, rolls and revokes only keys within its bounds, and none that outlives it', async () => {
  const me = await tenant()
  const make = async (key: string, body: object) => call(key, 'POST', '/me/api_keys', { name: 'k', ...body })
  const wide = (await call(me.apiKey, 'GET', '/me/api_keys')).json[0]
  const expiration = inDays(5)
  const bounded = (await make(me.apiKey, { workspace_id: me.workspaceId, role: 'developer', expiration }))
    .json.key
  const same = { workspace_id: me.workspaceId, role: 'developer', expiration }
  for (const broader of [
    {},
    { ...same, role: null },
    { ...same, role: 'owner' },
    { ...same, workspace_id: null },
    { ...same, expiration: null },
    { ...same, expiration: inDays(6) },
  ]) {
    expect((await make(bounded, broader)).status).toBe(403)
  }
  expect((await make(bounded, { ...same, role: 'viewer' })).status).toBe(201)
  expect((await call(bounded, 'GET', '/me/api_keys')).json).toHaveLength(2)
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/rotate'],
  ] as const) {
    expect(
      (await call(bounded, method, `/me/api_keys/${wide.id}${path}`, method === 'POST' ? {} : undefined))
        .status,
    ).toBe(404)
  }
  expect((await call(me.apiKey, 'GET', '/me/api_keys')).json).toHaveLength(3)
  // Nor does it reach the user's own affairs.
  expect((await call(bounded, 'PATCH', `/users/${me.userId}`, { first_name: 'Eve' })).status).toBe(403)
  expect((await call(bounded, 'POST', `/users/${me.userId}/api_keys`, { name: 'wide' })).status).toBe(403)
  expect((await call(bounded, 'GET', '/me/sessions')).status).toBe(403)
  expect((await call(bounded, 'DELETE', `/me/accounts/${me.accountId}`)).status).toBe(403)
  expect((await call(bounded, 'PATCH', `/accounts/${me.accountId}`, { name: 'x' })).status).toBe(403)
  expect(
    (await call(bounded, 'POST', `/accounts/${me.accountId}/workspaces/`, { name: 'x', handle: 'x' })).status,
  ).toBe(403)
  const viewer = (await make(me.apiKey, { role: 'viewer' })).json.key
  expect((await make(viewer, { role: 'viewer' })).status).toBe(201)
  expect((await make(viewer, { role: 'runner' })).status).toBe(403)
  expect(
    (await call(viewer, 'POST', `/accounts/${me.accountId}/workspaces/`, { name: 'x', handle: 'x' })).status,
  ).toBe(403)
})

test('rolling keeps the old key for the overlap, then it ends; of two who roll at once one wins', async () => {
  const me = await tenant()
  const old = (
    await call(me.apiKey, 'POST', '/me/api_keys', { name: 'ci', role: 'worker', expiration: inDays(10) })
  ).json
  const rolls = await Promise.all(
    [1, 2].map(() => call(me.apiKey, 'POST', `/me/api_keys/${old.id}/rotate`, { overlap_seconds: 1 })),
  )
  expect(rolls.map(({ status }) => status).sort()).toEqual([201, 409])
  const fresh = rolls.find(({ status }) => status === 201)?.json
  expect(fresh).toMatchObject({ name: 'ci', role: 'worker', workspace_id: null })
  expect(Math.abs(Date.parse(fresh.expiration) - Date.parse(inDays(10)))).toBeLessThan(60_000)
  expect((await call(old.key, 'GET', '/me/')).status).toBe(200)
  expect((await call(fresh.key, 'GET', '/me/')).status).toBe(200)
  expect((await call(me.apiKey, 'GET', `/me/api_keys/${old.id}`)).json.replaced_by).toBe(fresh.id)
  await expect
    .poll(async () => (await call(old.key, 'GET', '/me/')).status, { timeout: 2_000, interval: 20 })
    .toBe(401)
  expect((await call(fresh.key, 'GET', '/me/')).status).toBe(200)
  const again = await call(me.apiKey, 'POST', `/me/api_keys/${fresh.id}/rotate`)
  expect(again.status).toBe(201)
  await expect
    .poll(async () => (await call(fresh.key, 'GET', '/me/')).status, { timeout: 1_000, interval: 5 })
    .toBe(401)
  expect(
    (await call(me.apiKey, 'POST', `/me/api_keys/${again.json.id}/rotate`, { overlap_seconds: -1 })).status,
  ).toBe(422)
})

test('a key that rolls itself gains no life by it', async () => {
  const me = await tenant()
  const expiration = inDays(2)
  const { id, key } = (await call(me.apiKey, 'POST', '/me/api_keys', { name: 'self', expiration })).json
  await db.engine`update api_keys set created_at = created_at - interval '28 days' where id = ${id}`
  const rolled = await call(key, 'POST', `/me/api_keys/${id}/rotate`, { overlap_seconds: 60 })
  expect(rolled.json.expiration).toBe(expiration)
})

test('key making is rate-limited, each user for itself', async () => {
  const [busy, calm] = [await tenant(), await tenant()]
  // Twice what may be made at once: on a slow machine some of it comes back meanwhile.
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, n) => call(busy.apiKey, 'POST', '/me/api_keys', { name: `k${n}` })),
  )
  const refused = answers.find((answer) => answer.status === 429)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await call(calm.apiKey, 'POST', '/me/api_keys', { name: 'k' })).status).toBe(201)
})

test('my user and its keys, as the Terraform provider manages them', async () => {
  const me = await tenant()
  const mine = `/users/${me.userId}`
  expect(
    (
      await call(me.apiKey, 'PATCH', mine, {
        first_name: 'Ada',
        last_name: 'King Lovelace',
        title: 'Countess',
        settings: { default_timezone: 'Europe/London' },
      })
    ).status,
  ).toBe(204)
  expect((await call(me.apiKey, 'GET', mine)).json).toMatchObject({
    id: me.userId,
    first_name: 'Ada',
    last_name: 'King Lovelace',
    title: 'Countess',
    idp_user_id: '',
    settings: { default_timezone: 'Europe/London', tutorial_completed: false },
  })
  expect((await call(me.apiKey, 'PATCH', mine, { handle: 'admin' })).status).toBe(422)
  const other = await tenant()
  expect((await call(me.apiKey, 'PATCH', mine, { handle: other.userHandle })).status).toBe(409)
  expect((await call(me.apiKey, 'PATCH', mine, { shoe_size: 39 })).status).toBe(422)
  const created = await call(me.apiKey, 'POST', `${mine}/api_keys`, { name: 'tf', expiration: null })
  expect(created.status).toBe(201)
  expect(Object.keys(created.json).sort()).toEqual(['created', 'expiration', 'id', 'key', 'name'])
  expect((await call(me.apiKey, 'GET', `${mine}/api_keys/${created.json.id}`)).json).toMatchObject({
    name: 'tf',
    expiration: null,
    masked_key: expect.stringMatching(/^rgu_…/),
  })
  expect((await call(me.apiKey, 'GET', `${mine}/api_keys?name=tf`)).json).toHaveLength(1)
  expect((await call(me.apiKey, 'DELETE', `${mine}/api_keys/${created.json.id}`)).status).toBe(204)
  expect((await call(me.apiKey, 'GET', `${mine}/api_keys/${created.json.id}`)).status).toBe(404)
})

test('accounts are read and changed; protections that are not there cannot be turned on', async () => {
  const me = await tenant()
  const account = `/accounts/${me.accountId}`
  expect(
    (
      await call(me.apiKey, 'PATCH', account, {
        name: 'Acme Data',
        handle: `acme${made}`,
        location: 'London',
        settings: { ai_log_summaries: true },
      })
    ).status,
  ).toBe(204)
  expect((await call(me.apiKey, 'GET', `${account}/`)).json).toMatchObject({
    name: 'Acme Data',
    handle: `acme${made}`,
    location: 'London',
    settings: { ai_log_summaries: true, allow_public_workspaces: false },
  })
  expect((await call(me.apiKey, 'PATCH', `${account}/settings`, { self_healing_enabled: true })).status).toBe(
    204,
  )
  const settings = (await call(me.apiKey, 'GET', `${account}/settings`)).json
  expect(settings).toMatchObject({ self_healing_enabled: true, ai_log_summaries: true })
  expect(settings).not.toHaveProperty('enforce_ip_allowlist')
  expect((await call(me.apiKey, 'PATCH', `${account}/settings`, { enforce_ip_allowlist: true })).status).toBe(
    403,
  )
  expect((await call(me.apiKey, 'PATCH', account, { handle: 'settings' })).status).toBe(422)
  const other = await tenant()
  expect((await call(me.apiKey, 'PATCH', account, { handle: other.accountHandle })).status).toBe(409)
  expect((await call(me.apiKey, 'PATCH', account, { colour: 'red' })).status).toBe(422)
})

test('workspaces are made, found, changed and deleted with what is in them', async () => {
  const me = await tenant()
  const account = `/accounts/${me.accountId}`
  const created = await call(me.apiKey, 'POST', `${account}/workspaces/`, {
    name: 'Second',
    handle: 'second',
  })
  expect(created.status).toBe(201)
  expect(created.json).toMatchObject({
    account_id: me.accountId,
    description: '',
    handle: 'second',
    default_workspace_role_id: null,
    is_public: false,
  })
  expect(
    (await call(me.apiKey, 'POST', `${account}/workspaces`, { name: 'Again', handle: 'second' })).status,
  ).toBe(409)
  expect(
    (await call(me.apiKey, 'POST', `${account}/workspaces/`, { name: 'x', handle: 'Not One' })).status,
  ).toBe(422)
  const path = `${account}/workspaces/${created.json.id}`
  expect((await call(me.apiKey, 'PATCH', path, { name: 'Renamed', description: 'd' })).status).toBe(204)
  expect((await call(me.apiKey, 'GET', path)).json).toMatchObject({
    name: 'Renamed',
    description: 'd',
    handle: 'second',
  })
  expect((await call(me.apiKey, 'PATCH', path, { handle: 'main' })).status).toBe(409)
  expect((await call(me.apiKey, 'GET', `${path}/settings`)).json).toEqual({
    inherit_default_result_storage: true,
    default_result_storage_block_id: null,
  })
  expect(
    (await call(me.apiKey, 'PATCH', `${path}/settings`, { inherit_default_result_storage: false })).status,
  ).toBe(204)
  expect((await call(me.apiKey, 'GET', `${path}/settings`)).json.inherit_default_result_storage).toBe(false)
  const found = await call(me.apiKey, 'GET', `/workspaces/${created.json.id}`)
  expect([found.status, found.headers.get('location')]).toEqual([307, `http://rigel.test/api${path}`])
  expect(
    (
      await call(me.apiKey, 'POST', `${account}/workspaces/filter`, {
        workspaces: { handle: { any_: ['second'] } },
      })
    ).json,
  ).toHaveLength(1)
  expect(
    (
      await call(me.apiKey, 'POST', `${account}/workspaces/filter`, {
        workspaces: { handle: { any_: null } },
      })
    ).json,
  ).toHaveLength(2)
  await db.engine`insert into logs (workspace_id, at, id, logger, level, message) values (${created.json.id}, now(), ${uuidv7()}, 'l', 20, 'm')`
  expect((await call(me.apiKey, 'DELETE', path)).status).toBe(204)
  await expect
    .poll(async () => (await call(me.apiKey, 'GET', path)).status, { timeout: 1_000, interval: 5 })
    .toBe(404)
  expect((await db.engine`select 1 from logs where workspace_id = ${created.json.id}`).length).toBe(0)
})

test('the last owner cannot leave; a member can, and loses the workspaces at once', async () => {
  const owner = await tenant()
  const member = await tenant({ accountHandle: owner.accountHandle, workspaceRole: 'developer' })
  expect((await call(owner.apiKey, 'DELETE', `/me/accounts/${owner.accountId}`)).status).toBe(409)
  expect((await call(member.apiKey, 'GET', workspaceOf(owner))).status).toBe(200)
  expect((await call(member.apiKey, 'DELETE', `/me/accounts/${owner.accountId}`)).status).toBe(204)
  await expect
    .poll(async () => (await call(member.apiKey, 'GET', workspaceOf(owner))).status, {
      timeout: 1_000,
      interval: 5,
    })
    .toBe(404)
  expect((await call(member.apiKey, 'GET', '/me/workspaces')).json).toEqual([])
})

async function signedIn(userId: string): Promise<{ cookie: string; id: string }> {
  const token = randomBytes(32).toString('base64url')
  const id = uuidv7()
  await db.engine`insert into sessions (id, token_hash, user_id, expires_at, user_agent) values (${id}, ${createHash('sha256').update(token).digest()}, ${userId}, now() + interval '1 day', 'Firefox')`
  return { cookie: `next-auth.session-token=${token}`, id }
}

test('sessions are listed and ended, and a browser signs itself out', async () => {
  const me = await tenant()
  const [here, there] = [await signedIn(me.userId), await signedIn(me.userId)]
  const csrf = { 'x-rigel-csrf': '1' }
  expect((await call(null, 'GET', '/me/sessions', undefined, { cookie: here.cookie })).json).toHaveLength(2)
  expect(
    (
      await call(
        null,
        'POST',
        '/me/sessions/filter',
        { filter: { expires_at: { before_: 1 } } },
        { cookie: here.cookie, ...csrf },
      )
    ).json,
  ).toEqual([])
  expect(
    (await call(null, 'POST', `/me/sessions/${there.id}/terminate`, {}, { cookie: here.cookie, ...csrf }))
      .status,
  ).toBe(200)
  await expect
    .poll(async () => (await call(null, 'GET', '/me/', undefined, { cookie: there.cookie })).status, {
      timeout: 1_000,
      interval: 5,
    })
    .toBe(401)
  expect((await call(null, 'DELETE', '/me/session', undefined, { cookie: here.cookie })).status).toBe(403)
  const out = await call(null, 'DELETE', '/me/session', undefined, { cookie: here.cookie, ...csrf })
  expect(out.status).toBe(204)
  expect(out.headers.get('set-cookie')).toMatch(/^next-auth\.session-token=; .*1970/)
  await expect
    .poll(async () => (await call(null, 'GET', '/me/', undefined, { cookie: here.cookie })).status, {
      timeout: 1_000,
      interval: 5,
    })
    .toBe(401)
  expect((await call(me.apiKey, 'DELETE', '/me/session')).status).toBe(404)
})

test('a key made in the browser is not held to the life of the session', async () => {
  const me = await tenant()
  const { cookie } = await signedIn(me.userId)
  const created = await call(
    null,
    'POST',
    '/me/api_keys',
    { name: 'k', expiration: inDays(90) },
    { cookie, 'x-rigel-csrf': '1' },
  )
  expect(created.status).toBe(201)
  expect((await call(null, 'POST', '/me/api_keys', { name: 'k' }, { cookie })).status).toBe(403)
})

test("no route here lets a stranger in: another tenant's ids are not found, and nothing changes", async () => {
  const [ours, theirs] = [await tenant(), await tenant()]
  const key = (await call(theirs.apiKey, 'GET', '/me/api_keys')).json[0]
  const session = await signedIn(theirs.userId)
  const snapshot = () => db.engine`
    select (select jsonb_agg(to_jsonb(a) order by id) from accounts a where id = ${theirs.accountId}) as account,
      (select jsonb_agg(to_jsonb(w) order by id) from workspaces w where account_id = ${theirs.accountId}) as workspaces,
      (select jsonb_agg(to_jsonb(k) - 'last_used_at' - 'last_used_by' - 'updated_at' order by id) from api_keys k where user_id = ${theirs.userId}) as keys,
      (select jsonb_agg(to_jsonb(s) order by id) from sessions s where user_id = ${theirs.userId}) as sessions,
      (select jsonb_agg(to_jsonb(u) order by id) from users u where id = ${theirs.userId}) as users`
  await identity.flush()
  const before = await snapshot()
  for (const each of routes) {
    const template = fullPath(each)
    if (!template.includes('{')) continue
    const sessionRoute = template.includes('/sessions/')
    const path = template
      .replace('/api', '')
      .replace('{account_id}', theirs.accountId)
      .replace('{workspace_id}', theirs.workspaceId)
      .replace('{key_id}', key.id)
      .replace('{id}', sessionRoute ? session.id : template.startsWith('/api/users') ? theirs.userId : key.id)
    const body =
      each.method === 'GET' || each.method === 'DELETE'
        ? undefined
        : (bodies[`${each.method} ${template}`] ?? {})
    const query = template.endsWith('has_permission')
      ? '?permission=read:account'
      : template.endsWith('has_scope')
        ? '?scope=see_flows'
        : ''
    const answer = await call(ours.apiKey, each.method, path + query, body)
    expect([each.method, template, answer.status]).toEqual([each.method, template, 404])
    expect([each.method, template, (await call(null, each.method, path + query, body)).status]).toEqual([
      each.method,
      template,
      401,
    ])
  }
  expect(await snapshot()).toEqual(before)
})

/** Bodies that would be good in one's own tenant. */
const bodies: Readonly<Record<string, object>> = {
  'POST /api/users/{id}/api_keys': { name: 'x' },
  'POST /api/accounts/{account_id}/workspaces/': { name: 'x', handle: 'x' },
  'PATCH /api/accounts/{account_id}': { name: 'x' },
}
