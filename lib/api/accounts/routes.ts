import { z } from 'zod'
import { readAccount } from '../../control/accounts/read-account.ts'
import { updateAccount } from '../../control/accounts/update-account.ts'
import { accountPermissions } from '../../domain/access/account-permissions.ts'
import { scopesIncludedIn } from '../../domain/access/implied-scopes.ts'
import { scopeGroup, scopeTitle } from '../../domain/access/scope-words.ts'
import { workspaceScopes } from '../../domain/access/scopes.ts'
import { Problem } from '../../domain/problem.ts'
import { type Route, route } from '../route.ts'
import { accountContext } from './account-context.ts'
import { accountRead, shownSettings, wireAccount, wireShownSettings } from './wire.ts'

const tag = 'Accounts'
const member = { in: 'account', role: 'member' } as const
const admin = { in: 'account', role: 'admin' } as const

const permissions = route({
  method: 'GET',
  path: '/accounts/permissions',
  permission: { in: 'actor' },
  summary: 'List all account permissions that there are',
  tag,
  success: { 200: z.array(z.enum(accountPermissions)) },
  handle: () => ({ status: 200, json: accountPermissions }),
})

const scopes = route({
  method: 'GET',
  path: '/workspace_scopes',
  permission: { in: 'actor' },
  summary: 'List all workspace scopes that there are',
  tag: 'Workspace scopes',
  success: {
    200: z.array(
      z.object({
        name: z.enum(workspaceScopes),
        title: z.string(),
        feature_group: z.string(),
        includes_scopes: z.array(z.enum(workspaceScopes)),
        see_scope: z.enum(workspaceScopes).nullable(),
      }),
    ),
  },
  handle: () => ({
    status: 200,
    json: workspaceScopes.map((name) => {
      const included = scopesIncludedIn(name)
      return {
        name,
        title: scopeTitle(name),
        feature_group: scopeGroup(name),
        includes_scopes: included,
        see_scope: included.find((each) => each.startsWith('see_')) ?? null,
      }
    }),
  }),
})

const read = route({
  method: 'GET',
  path: '',
  permission: member,
  summary: 'Read an account',
  tag,
  success: { 200: accountRead },
  handle: async (call) => ({ status: 200, json: wireAccount(await readAccount(await accountContext(call))) }),
})

const flag = z.boolean().nullish()
const settingsBody = z.strictObject({
  allow_public_workspaces: flag,
  ai_log_summaries: flag,
  managed_execution: flag,
  enforce_ip_allowlist: flag,
  enforce_webhook_authentication: flag,
  self_healing_enabled: flag,
  default_result_storage: z.unknown().optional(),
})

/** What was chosen, as it is kept. A protection that is not there must not look as if it were on. */
function settingsOf(body: z.output<typeof settingsBody>) {
  for (const name of [
    'enforce_ip_allowlist',
    'enforce_webhook_authentication',
    'default_result_storage',
  ] as const) {
    if (body[name]) {
      throw new Problem(
        'not-allowed',
        `This server does not have the feature behind ${name}, so it cannot be turned on.`,
      )
    }
  }
  const { allow_public_workspaces, ai_log_summaries, managed_execution, self_healing_enabled } = body
  return {
    ...(typeof allow_public_workspaces === 'boolean'
      ? { allowPublicWorkspaces: allow_public_workspaces }
      : {}),
    ...(typeof ai_log_summaries === 'boolean' ? { aiLogSummaries: ai_log_summaries } : {}),
    ...(typeof managed_execution === 'boolean' ? { managedExecution: managed_execution } : {}),
    ...(typeof self_healing_enabled === 'boolean' ? { selfHealingEnabled: self_healing_enabled } : {}),
  }
}

const text = z.string().max(5_000).nullish()

const update = route({
  method: 'PATCH',
  path: '',
  permission: admin,
  summary: 'Change an account',
  tag,
  body: z.strictObject({
    name: z.string().max(500).nullish(),
    handle: z.string().max(60).nullish(),
    location: text,
    link: text,
    auth_expiration_seconds: z.null().optional(),
    settings: settingsBody
      .extend({ enabled_feature_flags: z.array(z.string().max(200)).max(100).nullish() })
      .nullish(),
    billing_email: z.email().max(320).nullish(),
    workos_directory_ids: z.array(z.string()).max(0).nullish(),
    workos_organization_id: z.null().optional(),
    workos_connection_ids: z.array(z.string()).max(0).nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  errors: [409],
  handle: async (call) => {
    const { name, handle, location, link, billing_email, settings } = call.body
    await updateAccount(await accountContext(call), {
      ...(name ? { name } : {}),
      ...(handle ? { handle } : {}),
      settings: {
        ...(settings ? settingsOf(settings) : {}),
        ...(location === undefined ? {} : { location }),
        ...(link === undefined ? {} : { link }),
        ...(billing_email === undefined ? {} : { billingEmail: billing_email }),
      },
    })
    return { status: 204 }
  },
})

const readSettings = route({
  method: 'GET',
  path: '/settings',
  permission: member,
  summary: 'Read the settings of an account',
  tag,
  success: { 200: shownSettings },
  handle: async (call) => ({
    status: 200,
    json: wireShownSettings((await readAccount(await accountContext(call))).settings),
  }),
})

const updateSettings = route({
  method: 'PATCH',
  path: '/settings',
  permission: admin,
  summary: 'Change the settings of an account',
  tag,
  body: settingsBody,
  nulls: 'keep',
  success: { 204: null },
  handle: async (call) => {
    await updateAccount(await accountContext(call), { settings: settingsOf(call.body) })
    return { status: 204 }
  },
})

export const accountRoutes: readonly Route[] = [
  // Before `/accounts/{account_id}`.
  permissions,
  scopes,
  read,
  update,
  readSettings,
  updateSettings,
]
