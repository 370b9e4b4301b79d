import { z } from 'zod'
import { leaveAccount } from '../../control/users/leave-account.ts'
import { listMyAccounts, type MyAccount } from '../../control/users/list-my-accounts.ts'
import { listMyWorkspaces, type MyWorkspace } from '../../control/users/list-my-workspaces.ts'
import { readUser } from '../../control/users/read-user.ts'
import { type ActorContext, requireUser } from '../../control/users/require-user.ts'
import {
  type AccountPermission,
  accountPermissions,
  accountRoleWords,
  hasPermission,
  permissionsOfAccountRole,
} from '../../domain/access/account-permissions.ts'
import type { WorkspaceAccess } from '../../domain/access/actor.ts'
import { workspaceScopes } from '../../domain/access/scopes.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'
import type { Services } from '../services.ts'
import { userSettings, wireUserSettings } from '../users/wire.ts'

const tag = 'Me'
const permission = { in: 'actor' } as const
const byAccount = z.object({ account_id: uuid })
const byWorkspace = z.object({ workspace_id: uuid })
const permissionName = z.enum(accountPermissions)
const scopeName = z.enum(workspaceScopes)

const profile = route({
  method: 'GET',
  path: '/me/',
  permission,
  summary: 'Read my profile',
  tag,
  success: {
    200: z.object({
      id: z.uuid(),
      handle: z.string(),
      first_name: z.string(),
      last_name: z.string(),
      email: z.string(),
      location: z.string().nullable(),
      personal_account_id: z.uuid().nullable(),
      settings: userSettings,
    }),
  },
  // Who was deleted while its key was still believed.
  errors: [404],
  handle: async ({ ctx }) => {
    const user = await readUser(ctx, { id: requireUser(ctx).userId })
    return {
      status: 200,
      json: {
        id: user.id,
        handle: user.handle,
        first_name: user.firstName,
        last_name: user.lastName,
        email: user.email ?? '',
        location: user.settings.profile?.location ?? null,
        personal_account_id: user.personalAccountId,
        settings: wireUserSettings(user.settings),
      },
    }
  },
})

const membership = z.object({
  account_membership_id: z.uuid(),
  account_id: z.uuid(),
  account_name: z.string(),
  account_role_name: z.string(),
  account_handle: z.string(),
})
const wireMembership = (each: MyAccount): z.input<typeof membership> => ({
  account_membership_id: each.membershipId,
  account_id: each.accountId,
  account_name: each.accountName,
  account_role_name: accountRoleWords[each.role],
  account_handle: each.accountHandle,
})

const accounts = route({
  method: 'GET',
  path: '/me/accounts',
  permission,
  summary: 'List the accounts that I belong to',
  tag,
  success: {
    200: z.array(
      membership.extend({
        account_plan_type: z.enum(['PERSONAL', 'ORGANIZATION']),
        account_plan_tier: z.string().nullable(),
        account_plan_features: z.array(z.string()),
      }),
    ),
  },
  handle: async ({ ctx }) => ({
    status: 200,
    json: (await listMyAccounts(ctx)).map((each) => ({
      ...wireMembership(each),
      account_plan_type: each.personal ? 'PERSONAL' : 'ORGANIZATION',
      account_plan_tier: null,
      account_plan_features: [],
    })),
  }),
})

const organizations = route({
  method: 'GET',
  path: '/me/organizations',
  permission,
  summary: 'List the accounts that I share with others',
  tag,
  success: { 200: z.array(membership) },
  handle: async ({ ctx }) => ({
    status: 200,
    json: (await listMyAccounts(ctx)).filter(({ personal }) => !personal).map(wireMembership),
  }),
})

const workspaces = route({
  method: 'GET',
  path: '/me/workspaces',
  permission,
  summary: 'List the workspaces that I may enter',
  tag,
  success: {
    200: z.array(
      z.object({
        account_id: z.uuid(),
        account_name: z.string(),
        account_handle: z.string(),
        workspace_id: z.uuid(),
        workspace_name: z.string(),
        workspace_description: z.string(),
        workspace_handle: z.string(),
      }),
    ),
  },
  handle: async ({ ctx }) => ({ status: 200, json: (await listMyWorkspaces(ctx)).map(wireMyWorkspace) }),
})

const wireMyWorkspace = (each: MyWorkspace): Record<string, string> => ({
  account_id: each.accountId,
  account_name: each.accountName,
  account_handle: each.accountHandle,
  workspace_id: each.workspaceId,
  workspace_name: each.workspaceName,
  workspace_description: each.workspaceDescription,
  workspace_handle: each.workspaceHandle,
})

async function roleIn(services: Services, ctx: ActorContext, accountId: string): Promise<MyAccount['role']> {
  const access = await services.identity.enterAccount(ctx.actor, accountId)
  if (!access) throw new NotFound('Account')
  return access.role
}

const myPermissions = route({
  method: 'GET',
  path: '/me/accounts/{account_id}/permissions',
  permission,
  summary: 'List what I may do with an account',
  tag,
  params: byAccount,
  success: { 200: z.array(permissionName) },
  handle: async ({ ctx, services, params }) => ({
    status: 200,
    json: permissionsOfAccountRole[await roleIn(services, ctx, params.account_id)],
  }),
})

const hasAccountPermission = route({
  method: 'GET',
  path: '/me/accounts/{account_id}/has_permission',
  permission,
  summary: 'Whether I may do something with an account',
  tag,
  params: byAccount,
  query: z.object({ permission: permissionName }),
  success: { 200: z.boolean() },
  handle: async ({ ctx, services, params, query }) => ({
    status: 200,
    json: hasPermission(await roleIn(services, ctx, params.account_id), query.permission),
  }),
})

const accountsWithPermission = route({
  method: 'GET',
  path: '/me/accounts/has_permission',
  permission,
  summary: 'List the accounts with which I may do something',
  tag,
  query: z.object({ permission: permissionName }),
  success: { 200: z.array(z.uuid()) },
  handle: async ({ ctx, query }) => ({
    status: 200,
    json: (await listMyAccounts(ctx))
      .filter(({ role }) => hasPermission(role, query.permission satisfies AccountPermission))
      .map(({ accountId }) => accountId),
  }),
})

const leave = route({
  method: 'DELETE',
  path: '/me/accounts/{account_id}',
  permission,
  summary: 'Leave an account and lose its workspaces',
  tag,
  params: byAccount,
  success: { 204: null },
  errors: [403, 409],
  handle: async ({ ctx, params }) => {
    await leaveAccount(ctx, { accountId: params.account_id })
    return { status: 204 }
  },
})

async function enter(services: Services, ctx: ActorContext, workspaceId: string): Promise<WorkspaceAccess> {
  const mine = (await listMyWorkspaces(ctx)).find((each) => each.workspaceId === workspaceId)
  const access = mine && (await services.identity.enterWorkspace(ctx.actor, mine.accountId, workspaceId))
  if (!access) throw new NotFound('Workspace')
  return access
}

const myScopes = route({
  method: 'GET',
  path: '/me/workspaces/{workspace_id}/scopes',
  permission,
  summary: 'List what I may do in a workspace',
  tag,
  params: byWorkspace,
  success: { 200: z.array(scopeName) },
  handle: async ({ ctx, services, params }) => ({
    status: 200,
    json: [...(await enter(services, ctx, params.workspace_id)).scopes],
  }),
})

const hasScope = route({
  method: 'GET',
  path: '/me/workspaces/{workspace_id}/has_scope',
  permission,
  summary: 'Whether I may do something in a workspace',
  tag,
  params: byWorkspace,
  query: z.object({ scope: scopeName }),
  success: { 200: z.boolean() },
  handle: async ({ ctx, services, params, query }) => ({
    status: 200,
    json: (await enter(services, ctx, params.workspace_id)).scopes.has(query.scope),
  }),
})

export const meRoutes: readonly Route[] = [
  profile,
  accounts,
  organizations,
  workspaces,
  // Before those with an id in the same place.
  accountsWithPermission,
  myPermissions,
  hasAccountPermission,
  leave,
  myScopes,
  hasScope,
]
