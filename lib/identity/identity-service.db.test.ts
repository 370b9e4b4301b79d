import { createHash, randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, expect, test, vi } from 'vitest'
import { formatKey } from '../../agent/src/protocol/keys.ts'
import { bootstrapTenant } from '../control/accounts/bootstrap-tenant.ts'
import { connectDatabase, type Database } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { UserActor, WorkspaceRole } from '../domain/access/actor.ts'
import { createDatabase, testDatabase } from '../testing/database.ts'
import { statementsDuring } from '../testing/statements.ts'
import { createIdentity, type IdentityService } from './identity-service.ts'

const db = await testDatabase()
let clockSkewMs = 0
const identity = createIdentity({ db, nowMs: () => Date.now() + clockSkewMs })
afterAll(() => identity.close())

let made = 0
const tenant = (extra: Partial<Parameters<typeof bootstrapTenant>[1]> = {}) => {
  const n = ++made
  return bootstrapTenant(db, {
    userLogin: `user${n}`,
    email: `user${n}@example.com`,
    accountHandle: `acct${n}`,
    workspaceHandle: 'main',
    ...extra,
  })
}

async function insertKey(
  userId: string,
  bounds: { role?: WorkspaceRole; workspaceId?: string; expiresAt?: Date } = {},
): Promise<{ id: string; key: string }> {
  const key = formatKey('user', randomBytes(20))
  const id = uuidv7()
  await db.engine`
    insert into api_keys (id, user_id, name, key_hash, masked_key, workspace_id, role, expires_at)
    values (${id}, ${userId}, 'k', ${createHash('sha256').update(key).digest()}, 'm', ${bounds.workspaceId ?? null}, ${bounds.role ?? null}, ${bounds.expiresAt?.toISOString() ?? null})`
  return { id, key }
}

const withHeader = (authorization: string, of: IdentityService = identity) =>
  Promise.resolve(
    of.authenticate({ authorization, cookie: undefined, userAgent: 'prefect/3.8.8 (API 0.8.4)' }),
  )

async function actorWith(key: string, of: IdentityService = identity): Promise<UserActor> {
  const actor = await withHeader(`Bearer ${key}`, of)
  if (actor?.kind !== 'user') throw new Error('the key was refused')
  return actor
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  ['Bearer', (key: string) => `Bearer ${key}`],
  ['bearer', (key: string) => `bearer ${key}`],
  ['BEARER with spaces', (key: string) => `BEARER   ${key} `],
  ['Basic key', (key: string) => `Basic ${base64(key)}`],
  ['basic user:key', (key: string) => `basic ${base64(`anybody:${key}`)}`],
  ['Basic key:', (key: string) => `Basic ${base64(`${key}:`)}`],
])('a key is accepted as %s', async (_, header) => {
  const { apiKey, userId } = await tenant()
  expect(await withHeader(header(apiKey))).toMatchObject({ kind: 'user', userId, by: { type: 'key' } })
})

test.each([
  '',
  'Bearer',
  'Bearer ',
  'Bearer wrong',
  'Basic d3Jvbmc6a2V5',
  'nonsense',
  'Basic',
  'Basic %%%',
  'Digest x',
])('the header %j is refused', async (header) => {
  expect(await withHeader(header)).toBeNull()
})

test('a mistyped key is refused by its checksum, at once and without the database', async () => {
  const { apiKey } = await tenant()
  const mistyped = apiKey.slice(0, -1) + (apiKey.endsWith('a') ? 'b' : 'a')
  const answer = identity.authenticate({
    authorization: `Bearer ${mistyped}`,
    cookie: undefined,
    userAgent: undefined,
  })
  expect(answer).toBeNull()
})

test('a known key is answered from memory: no promise and no SQL', async () => {
  const { apiKey } = await tenant()
  expect(await statementsDuring(db.engine, () => actorWith(apiKey))).not.toEqual([])
  const ask = () =>
    identity.authenticate({ authorization: `Bearer ${apiKey}`, cookie: undefined, userAgent: undefined })
  // The last use is written in its own time.
  await identity.flush()
  await expect.poll(() => ask() instanceof Promise).toBe(false)
  // What is known stays so for as long as this takes.
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const actor = await ask()
    const statements = await statementsDuring(db.engine, () => {
      for (let n = 0; n < 200; n++) expect(ask()).toBe(actor)
    })
    expect(statements).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})

test('unknown keys are remembered as unknown, in bounded memory', async () => {
  const unknown = formatKey('user', randomBytes(20))
  expect(await withHeader(`Bearer ${unknown}`)).toBeNull()
  expect(
    identity.authenticate({ authorization: `Bearer ${unknown}`, cookie: undefined, userAgent: undefined }),
  ).toBeNull()
})

test('an API key header that is wrong is refused even beside a good cookie', async () => {
  const { userId } = await tenant()
  const token = randomBytes(32).toString('base64url')
  await insertSession(userId, token)
  expect(
    await identity.authenticate({
      authorization: 'Bearer wrong',
      cookie: `next-auth.session-token=${token}`,
      userAgent: undefined,
    }),
  ).toBeNull()
})

async function insertSession(
  userId: string,
  token: string,
  expiresAt = new Date(Date.now() + 60_000),
): Promise<string> {
  const id = uuidv7()
  await db.engine`insert into sessions (id, token_hash, user_id, expires_at) values (${id}, ${createHash('sha256').update(token).digest()}, ${userId}, ${expiresAt.toISOString()})`
  return id
}

test.each(['next-auth.session-token', '__Secure-next-auth.session-token'])(
  'the cookie %s is a session',
  async (name) => {
    const { userId } = await tenant()
    const token = randomBytes(32).toString('base64url')
    const sessionId = await insertSession(userId, token)
    const cookie = `theme=dark; ${name}=${token}; other=1`
    expect(
      await identity.authenticate({ authorization: undefined, cookie, userAgent: undefined }),
    ).toMatchObject({
      userId,
      by: { type: 'session', sessionId },
      maxRole: null,
    })
    expect(
      await identity.authenticate({
        authorization: undefined,
        cookie: `${name}=guess`,
        userAgent: undefined,
      }),
    ).toBeNull()
  },
)

test("the holder enters its own workspace and nobody else's, whatever ids are mixed", async () => {
  const [ours, theirs] = [await tenant(), await tenant()]
  const actor = await actorWith(ours.apiKey)
  expect(await identity.enterWorkspace(actor, ours.accountId, ours.workspaceId)).toMatchObject({
    role: 'owner',
    workspaceId: ours.workspaceId,
  })
  for (const [accountId, workspaceId] of [
    [theirs.accountId, theirs.workspaceId],
    [ours.accountId, theirs.workspaceId],
    [theirs.accountId, ours.workspaceId],
    [ours.accountId, uuidv7()],
  ] as const) {
    expect(await identity.enterWorkspace(actor, accountId, workspaceId)).toBeNull()
  }
  expect(await identity.enterAccount(actor, ours.accountId)).toEqual({
    accountId: ours.accountId,
    role: 'owner',
  })
  expect(await identity.enterAccount(actor, theirs.accountId)).toBeNull()
})

test('text that is no id is not found, and does not fail those who ask at the same time', async () => {
  const { apiKey, accountId, workspaceId } = await tenant()
  const actor = await actorWith(apiKey)
  const answers = await Promise.all([
    identity.enterWorkspace(actor, accountId, "' or 1=1 --"),
    identity.enterWorkspace(actor, accountId, workspaceId),
    identity.enterAccount(actor, 'nobody'),
  ])
  expect(answers).toMatchObject([null, { role: 'owner' }, null])
})

test('a plain member without a row enters no workspace; with one, by its role', async () => {
  const { accountHandle } = await tenant()
  const member = await tenant({ accountHandle })
  const actor = await actorWith(member.apiKey)
  expect(await identity.enterAccount(actor, member.accountId)).toMatchObject({ role: 'member' })
  expect(await identity.enterWorkspace(actor, member.accountId, member.workspaceId)).toBeNull()
  await bootstrapTenant(db, {
    userLogin: member.userHandle,
    email: 'x@example.com',
    accountHandle,
    workspaceHandle: 'main',
    workspaceRole: 'viewer',
  })
  await expect
    .poll(() => identity.enterWorkspace(actor, member.accountId, member.workspaceId))
    .toMatchObject({ role: 'viewer' })
})

test('a key bounded to a role may do what both its user and the role may', async () => {
  const { accountHandle } = await tenant()
  const member = await tenant({ accountHandle, workspaceRole: 'developer' })
  const scopes = async (role: WorkspaceRole) => {
    const { key } = await insertKey(member.userId, { role })
    return identity.enterWorkspace(await actorWith(key), member.accountId, member.workspaceId)
  }
  const [viewer, owner, worker] = [await scopes('viewer'), await scopes('owner'), await scopes('worker')]
  expect(viewer?.role).toBe('viewer')
  expect(viewer?.scopes.has('run_flows')).toBe(false)
  expect(owner?.role).toBe('developer')
  expect(owner?.scopes.has('manage_workspace_users')).toBe(false)
  expect(worker?.scopes.has('run_flows')).toBe(true)
  expect(worker?.scopes.has('manage_flows')).toBe(false)
})

test('a key bounded to one workspace enters no other, and is a mere member of its account', async () => {
  const first = await tenant()
  const second = await bootstrapTenant(db, {
    userLogin: first.userHandle,
    email: 'x@example.com',
    accountHandle: first.accountHandle,
    workspaceHandle: 'second',
  })
  const elsewhere = await bootstrapTenant(db, {
    userLogin: first.userHandle,
    email: 'x@example.com',
    accountHandle: `else${made}`,
    workspaceHandle: 'main',
  })
  const { key } = await insertKey(first.userId, { workspaceId: first.workspaceId })
  const actor = await actorWith(key)
  expect(await identity.enterWorkspace(actor, first.accountId, first.workspaceId)).toMatchObject({
    role: 'owner',
  })
  expect(await identity.enterWorkspace(actor, second.accountId, second.workspaceId)).toBeNull()
  expect(await identity.enterAccount(actor, first.accountId)).toMatchObject({ role: 'member' })
  expect(await identity.enterAccount(actor, elsewhere.accountId)).toBeNull()
})

const revoke = (id: string, of: Database = db) =>
  of.engine.begin(async (sql) => {
    await sql`update api_keys set revoked_at = now() where id = ${id}`
    await sql`select pg_notify('rigel_identity', ${`key:${id}`})`
  })

test('a revoked key is refused within a second, in this process and in another, and its sockets are told', async () => {
  const other = createIdentity({ db })
  try {
    const { userId, accountId, workspaceId } = await tenant()
    const { id, key } = await insertKey(userId)
    const actor = await actorWith(key)
    await actorWith(key, other)
    await identity.enterWorkspace(actor, accountId, workspaceId)
    const told = new Promise<string>((resolve) => identity.onRevoked(actor, workspaceId, resolve))
    await revoke(id)
    const revokedAt = performance.now()
    await expect.poll(() => withHeader(`Bearer ${key}`), { interval: 5 }).toBeNull()
    await expect.poll(() => withHeader(`Bearer ${key}`, other), { interval: 5 }).toBeNull()
    expect(await told).toMatch(/revoked/)
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
  } finally {
    await other.close()
  }
})

test('a revocation that no notice tells of is still believed for less than a second once nothing proves it current', async () => {
  const { userId } = await tenant()
  const { id, key } = await insertKey(userId)
  await actorWith(key)
  // As on a replica whose listening connection is cut off: end it in the same transaction.
  await db.engine`update api_keys set revoked_at = now() where id = ${id}`
  await db.engine`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rigel listener' and datname = current_database()`
  const cutAt = performance.now()
  await expect.poll(() => withHeader(`Bearer ${key}`), { interval: 5 }).toBeNull()
  expect(performance.now() - cutAt).toBeLessThan(1_000)
})

test('a key is refused, and its sockets are told, from the moment it expires', async () => {
  const { userId, workspaceId } = await tenant()
  const { key } = await insertKey(userId, { expiresAt: new Date(Date.now() + 3_600_000) })
  const actor = await actorWith(key)
  const told = new Promise<string>((resolve) => identity.onRevoked(actor, workspaceId, resolve))
  clockSkewMs = 3_600_001
  try {
    expect(await withHeader(`Bearer ${key}`)).toBeNull()
    expect(await told).toMatch(/expired/)
  } finally {
    clockSkewMs = 0
  }
})

test('sockets are told when access to the workspace ends, or the role in it changes', async () => {
  const { accountHandle } = await tenant()
  const member = await tenant({ accountHandle, workspaceRole: 'developer' })
  const actor = await actorWith(member.apiKey)
  await identity.enterWorkspace(actor, member.accountId, member.workspaceId)
  const change = (role: WorkspaceRole | null) =>
    db.engine.begin(async (sql) => {
      if (role) await sql`update workspace_memberships set role = ${role} where user_id = ${member.userId}`
      else await sql`delete from workspace_memberships where user_id = ${member.userId}`
      await sql`select pg_notify('rigel_identity', ${`user:${member.userId}`})`
    })
  const changed = new Promise<string>((resolve) => identity.onRevoked(actor, member.workspaceId, resolve))
  await change('viewer')
  expect(await changed).toMatch(/role .* changed/)
  await identity.enterWorkspace(actor, member.accountId, member.workspaceId)
  const ended = new Promise<string>((resolve) => identity.onRevoked(actor, member.workspaceId, resolve))
  await change(null)
  expect(await ended).toMatch(/ended/)
})

test('who no longer listens is not told', async () => {
  const { userId, workspaceId } = await tenant()
  const { id, key } = await insertKey(userId)
  const actor = await actorWith(key)
  let told = 0
  const first = identity.onRevoked(actor, workspaceId, () => told++)
  const last = new Promise((resolve) => identity.onRevoked(actor, workspaceId, resolve))
  first()
  await revoke(id)
  await last
  expect(told).toBe(0)
})

test('the last use is kept with its client, once for many uses', async () => {
  const { key: made, apiKey } = await tenant()
  for (let n = 0; n < 50; n++) await withHeader(`Bearer ${apiKey}`)
  await identity.flush()
  const [row] =
    await db.engine`select last_used_at, last_used_by, xmin::text as version from api_keys where id = ${made.id}`
  expect(row?.lastUsedBy).toBe('prefect/3.8.8 (API 0.8.4)')
  expect(Math.abs(Date.parse(String(row?.lastUsedAt)) - Date.now())).toBeLessThan(10_000)
  for (let n = 0; n < 50; n++) await withHeader(`Bearer ${apiKey}`)
  await identity.flush()
  const [again] = await db.engine`select xmin::text as version from api_keys where id = ${made.id}`
  expect(again?.version).toBe(row?.version)
})

test('with the database away a known key works on for a moment, then and for others the answer is to come back', async () => {
  const own = await createDatabase()
  const ownDb = connectDatabase({ url: own.url, poolSize: 2 })
  const service = createIdentity({ db: ownDb })
  try {
    const { apiKey } = await bootstrapTenant(ownDb, {
      userLogin: 'a',
      email: 'a@example.com',
      accountHandle: 'a',
      workspaceHandle: 'main',
    })
    await actorWith(apiKey, service)
    // The moment lasts as long as it takes to drop the database.
    vi.useFakeTimers({ toFake: ['performance'] })
    await own.drop()
    expect(await withHeader(`Bearer ${apiKey}`, service)).toMatchObject({ kind: 'user' })
    vi.useRealTimers()
    await expect(withHeader(`Bearer ${formatKey('user', randomBytes(20))}`, service)).rejects.toMatchObject({
      code: 'unavailable',
    })
    await expect
      .poll(() => withHeader(`Bearer ${apiKey}`, service).catch((error) => error.code), { timeout: 3_000 })
      .toBe('unavailable')
  } finally {
    vi.useRealTimers()
    await service.close()
    await ownDb.close()
  }
})

test('an idle service asks the database nothing', async () => {
  const own = await createDatabase()
  const ownDb = connectDatabase({ url: own.url, poolSize: 2 })
  const service = createIdentity({ db: ownDb })
  const watch = postgres(own.url, { max: 1, onnotice: () => {} })
  try {
    await expect
      .poll(
        async () =>
          (
            await watch`select 1 from pg_stat_activity where application_name = 'rigel listener' and datname = current_database()`
          ).length,
      )
      .toBe(1)
    const lastQuery = async () =>
      (
        await watch`select query_start::text as at from pg_stat_activity where application_name = 'rigel listener' and datname = current_database()`
      )[0]?.at
    await expect
      .poll(
        async () => {
          const before = await lastQuery()
          await new Promise((resolve) => setTimeout(resolve, 1_000))
          return before === (await lastQuery())
        },
        { timeout: 6_000 },
      )
      .toBe(true)
  } finally {
    await service.close()
    await watch.end()
    await ownDb.close()
    await own.drop()
  }
})
