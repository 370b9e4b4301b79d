import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isWellFormedKey } from '../../../agent/src/protocol/keys.ts'
import { testDatabase } from '../../testing/database.ts'
import { type BootstrapInput, bootstrapTenant } from './bootstrap-tenant.ts'

const db = await testDatabase()

const ada = {
  userLogin: 'Ada_Lovelace',
  email: 'ada@example.com',
  accountHandle: 'acme',
  workspaceHandle: 'main',
}

test('makes user, account, workspace and a key of which only the hash is kept', async () => {
  const made = await bootstrapTenant(db, ada)
  expect(made).toMatchObject({
    userHandle: 'ada-lovelace',
    accountHandle: 'acme',
    workspaceHandle: 'main',
    accountRole: 'owner',
  })
  expect(isWellFormedKey(made.apiKey)).toBe(true)
  const [row] =
    await db.engine`select key_hash, masked_key, expires_at, to_jsonb(k)::text as all from api_keys k where id = ${made.key.id}`
  expect(row?.keyHash).toEqual(createHash('sha256').update(made.apiKey).digest())
  expect(row?.all).not.toContain(made.apiKey)
  expect(row?.maskedKey).toBe(`rgu_…${made.apiKey.slice(-4)}`)
  expect(row?.expiresAt).toBeNull()
})

test('called again it finds what is there and issues one more key', async () => {
  const first = await bootstrapTenant(db, ada)
  const second = await bootstrapTenant(db, ada)
  expect({ ...second, apiKey: '', key: '' }).toEqual({
    ...{ ...first, accountRoleBefore: 'owner' },
    ...{ apiKey: '', key: '' },
  })
  expect(second.apiKey).not.toBe(first.apiKey)
})

test('other handles make a second tenant; an existing account takes another user as a member', async () => {
  const first = await bootstrapTenant(db, ada)
  const other = await bootstrapTenant(db, {
    userLogin: 'bob',
    email: 'bob@example.com',
    accountHandle: 'bobs',
    workspaceHandle: 'main',
  })
  expect(other.accountId).not.toBe(first.accountId)
  const joined = await bootstrapTenant(db, {
    userLogin: 'bob',
    email: 'bob@example.com',
    accountHandle: 'acme',
    workspaceHandle: 'main',
  })
  expect(joined).toMatchObject({
    userId: other.userId,
    accountId: first.accountId,
    workspaceId: first.workspaceId,
    accountRole: 'member',
    workspaceRole: null,
  })
  const raised = await bootstrapTenant(db, {
    ...ada,
    userLogin: 'bob',
    email: 'bob@example.com',
    accountRole: 'admin',
  })
  expect(raised).toMatchObject({ accountRole: 'admin', workspaceRole: 'owner' })
})

test('a member who joins gets the role for members, which changes none that is there', async () => {
  await bootstrapTenant(db, ada)
  const join = (more: Partial<BootstrapInput>) =>
    bootstrapTenant(db, { ...ada, userLogin: 'eve', email: 'eve@example.com', ...more })
  expect((await join({ memberRole: 'developer' })).workspaceRole).toBe('developer')
  expect((await join({ workspaceRole: 'viewer' })).workspaceRole).toBe('viewer')
  expect((await join({ memberRole: 'developer' })).workspaceRole).toBe('viewer')
  expect((await join({ accountRole: 'owner', memberRole: 'developer' })).workspaceRole).toBe('owner')
})

describe('a role that is given', () => {
  const of = (user: string, more: Partial<BootstrapInput> = {}) =>
    bootstrapTenant(db, {
      userLogin: user,
      email: `${user}@example.com`,
      accountHandle: 'roles',
      workspaceHandle: 'main',
      ...more,
    })

  test('is the role from then on, and what it was is told', async () => {
    expect(await of('kay')).toMatchObject({ accountRole: 'owner', accountRoleBefore: null })
    expect(await of('lou')).toMatchObject({ accountRole: 'member', accountRoleBefore: null })
    expect(await of('lou', { accountRole: 'admin' })).toMatchObject({
      ...{ accountRole: 'admin', accountRoleBefore: 'member', workspaceRole: 'owner' },
    })
    expect(await of('lou')).toMatchObject({ accountRole: 'admin', accountRoleBefore: 'admin' })
    expect(await of('lou', { accountRole: 'member', memberRole: 'developer' })).toMatchObject({
      ...{ accountRole: 'member', accountRoleBefore: 'admin', workspaceRole: 'developer' },
    })
  })

  test('is refused in words to the last owner, and nothing is made meanwhile', async () => {
    await of('kay')
    const keys = () =>
      db.engine`select count(*)::int as n from api_keys k join users u on u.id = k.user_id where u.handle = 'kay'`
    const before = await keys()
    await expect(of('kay', { accountRole: 'member' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('kay is the last owner of roles'),
    })
    expect(await keys()).toEqual(before)
    // A role that it has is no change.
    expect(await of('kay', { accountRole: 'owner' })).toMatchObject({ accountRole: 'owner' })
  })

  test('makes no account that nobody owns', async () => {
    const made = of('nia', { accountHandle: 'orphans', accountRole: 'member' })
    await expect(made).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('orphans is a new account, and whoever makes one owns it'),
    })
    expect(await db.engine`select handle from accounts where handle = 'orphans'`).toEqual([])
    expect(await of('nia', { accountHandle: 'orphans', accountRole: 'owner' })).toMatchObject({
      accountRole: 'owner',
    })
  })

  test('of two owners who are demoted at once one stays', async () => {
    await of('kay')
    await of('max', { accountRole: 'owner' })
    const outcomes = await Promise.allSettled([
      of('kay', { accountRole: 'member' }),
      of('max', { accountRole: 'member' }),
    ])
    expect(outcomes.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

test('many at once make one tenant', async () => {
  const input = {
    userLogin: 'race',
    email: 'race@example.com',
    accountHandle: 'racers',
    workspaceHandle: 'main',
  }
  const made = await Promise.all(Array.from({ length: 4 }, () => bootstrapTenant(db, input)))
  expect(new Set(made.map((each) => `${each.userId} ${each.accountId} ${each.workspaceId}`)).size).toBe(1)
  expect(made.map((each) => each.accountRole)).toEqual(['owner', 'owner', 'owner', 'owner'])
})

test.each([
  { accountHandle: 'Not a handle' },
  { accountHandle: 'admin' },
  { workspaceHandle: 'a--b' },
  { email: 'nobody' },
])('refuses $accountHandle $workspaceHandle $email in words', async (wrong) => {
  await expect(bootstrapTenant(db, { ...ada, ...wrong })).rejects.toMatchObject({ code: 'bad-input' })
})
