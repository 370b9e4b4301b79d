import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
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
  expect({ ...second, apiKey: '', key: '' }).toEqual({ ...first, apiKey: '', key: '' })
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
