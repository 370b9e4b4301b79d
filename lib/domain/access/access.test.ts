import { expect, test } from 'vitest'
import { accountPermissions, hasPermission, permissionsOfAccountRole } from './account-permissions.ts'
import { type WorkspaceRole, workspaceRoles } from './actor.ts'
import { handleCandidates, handleFrom, handleProblem, isHandle } from './handle.ts'
import { scopesIncludedIn, withIncludedScopes } from './implied-scopes.ts'
import { formatNotice, parseNotice } from './notice.ts'
import { RateLimiter } from './rate-limit.ts'
import { workspaceScopes } from './scopes.ts'
import { boundRole, isWithinRole } from './workspace-roles.ts'

const scopesOf = (role: WorkspaceRole) => boundRole(role, null).scopes

test('the catalogue has 61 scopes, and a stronger one includes the chain below it', () => {
  expect(workspaceScopes).toHaveLength(61)
  expect(scopesIncludedIn('manage_deployments')).toEqual([
    'see_deployments',
    'run_deployments',
    'write_deployments',
  ])
  expect(scopesIncludedIn('manage_saved_search')).toEqual(['see_flows'])
  expect(scopesIncludedIn('run_tasks')).toEqual([])
})

test('every role is closed: it holds all that its scopes include', () => {
  for (const role of workspaceRoles)
    expect([...withIncludedScopes(scopesOf(role))].sort()).toEqual([...scopesOf(role)].sort())
})

test('viewer, runner, developer and owner each hold all of the one before; only the owner manages people', () => {
  const order = ['viewer', 'runner', 'developer', 'owner'] as const
  order.slice(1).forEach((role, i) => {
    expect(isWithinRole(order[i] ?? null, role)).toBe(true)
    expect(isWithinRole(role, order[i] ?? null)).toBe(false)
  })
  expect(scopesOf('owner').size).toBe(61)
  expect(workspaceRoles.filter((role) => scopesOf(role).has('manage_workspace_users'))).toEqual(['owner'])
  expect(workspaceRoles.filter((role) => scopesOf(role).has('see_secret_blocks'))).toEqual([
    'developer',
    'owner',
    'worker',
  ])
})

test('a viewer sees flows and changes nothing', () => {
  expect(scopesOf('viewer').has('see_flows')).toBe(true)
  expect([...scopesOf('viewer')].every((scope) => scope.startsWith('see_'))).toBe(true)
  expect([...scopesOf('runner')].filter((scope) => !scope.startsWith('see_'))).toEqual(['run_deployments'])
})

test('a bound takes away and never adds', () => {
  expect(boundRole('viewer', 'owner')).toEqual({ role: 'viewer', scopes: scopesOf('viewer') })
  expect(boundRole('owner', 'viewer')).toEqual({ role: 'viewer', scopes: scopesOf('viewer') })
  const mixed = boundRole('viewer', 'worker')
  expect(mixed.role).toBe('viewer')
  for (const scope of mixed.scopes)
    expect(scopesOf('viewer').has(scope) && scopesOf('worker').has(scope)).toBe(true)
  expect(mixed.scopes.has('run_flows')).toBe(false)
  expect(boundRole('viewer', 'worker')).toBe(mixed)
})

test('no bound is wider than any role', () => {
  for (const role of workspaceRoles) {
    expect(isWithinRole(role, null)).toBe(true)
    expect(isWithinRole(null, role)).toBe(false)
  }
})

test('47 account permissions: owner 46, admin 44, member 13', () => {
  expect(new Set(accountPermissions).size).toBe(47)
  expect(Object.values(permissionsOfAccountRole).map((each) => each.length)).toEqual([46, 44, 13])
  expect(hasPermission('admin', 'delete:account')).toBe(false)
  expect(hasPermission('member', 'create:workspace')).toBe(false)
})

test.each([
  ['ada', 'ada'],
  ['Ada_Lovelace', 'ada-lovelace'],
  ['Zoë--Ünal', 'zoe-unal'],
  ['-x-', 'x'],
  ['猫', 'user'],
  ['', 'user'],
  [`${'a'.repeat(49)}-${'b'.repeat(40)}`, 'a'.repeat(49)],
])('the login %j makes the handle %j', (login, handle) => {
  expect(handleFrom(login)).toBe(handle)
  expect(isHandle(handle)).toBe(true)
})

test('candidates count on from the handle; a reserved word is never one itself', () => {
  expect([...handleCandidates('Ada', 3)]).toEqual(['ada', 'ada-2', 'ada-3'])
  expect([...handleCandidates('Admin', 3)]).toEqual(['admin-2', 'admin-3'])
  expect(handleProblem('admin')).toMatch(/reserved/)
  expect(handleProblem('No')).toMatch(/lower-case/)
  expect(handleProblem('fine')).toBeNull()
})

test('a notice survives its own text, and other text is none', () => {
  const notice = { kind: 'key', id: '0190b5c1-0000-7000-8000-000000000000' } as const
  expect(parseNotice(formatNotice(notice))).toEqual(notice)
  for (const text of ['', 'key', 'key:', 'planet:1', 'key:1:2']) expect(parseNotice(text)).toBeNull()
})

test('a rate limit lets a burst through, then says how long to wait, each key for itself', () => {
  const limit = new RateLimiter({ burst: 2, perMinute: 6 })
  expect([limit.take('a', 0), limit.take('a', 0), limit.take('a', 0), limit.take('b', 0)]).toEqual([
    0, 0, 10, 0,
  ])
  expect(limit.take('a', 4_000)).toBe(6)
  expect(limit.take('a', 10_000)).toBe(0)
})

test('a rate limit stays bounded under a flood of keys', () => {
  const limit = new RateLimiter({ burst: 1, perMinute: 1 }, 100)
  for (let n = 0; n < 10_000; n++) limit.take(`k${n}`, n)
  expect(limit.size).toBeLessThanOrEqual(100)
})
