import { z } from 'zod'
import type { StoredAccountSettings } from '../../control/accounts/account-settings.ts'
import type { Workspace } from '../../control/accounts/list-workspaces.ts'
import type { Account } from '../../control/accounts/read-account.ts'

const time = z.iso.datetime()
const id = z.uuid()

export const accountSettings = z.object({
  allow_public_workspaces: z.boolean(),
  ai_log_summaries: z.boolean(),
  managed_execution: z.boolean(),
  enforce_ip_allowlist: z.boolean(),
  enforce_webhook_authentication: z.boolean(),
  self_healing_enabled: z.boolean(),
  enabled_feature_flags: z.array(z.string()),
  default_result_storage: z.null(),
})

const wireSettings = (settings: StoredAccountSettings): z.input<typeof accountSettings> => ({
  allow_public_workspaces: settings.allowPublicWorkspaces ?? false,
  ai_log_summaries: settings.aiLogSummaries ?? false,
  managed_execution: settings.managedExecution ?? false,
  enforce_ip_allowlist: false,
  enforce_webhook_authentication: false,
  self_healing_enabled: settings.selfHealingEnabled ?? false,
  enabled_feature_flags: [],
  default_result_storage: null,
})

// Where the key `enforce_ip_allowlist` stands, clients take it that the account has an allowlist.
export const shownSettings = accountSettings.omit({ enforce_ip_allowlist: true })

export function wireShownSettings(settings: StoredAccountSettings): z.input<typeof shownSettings> {
  const { enforce_ip_allowlist: _, ...shown } = wireSettings(settings)
  return shown
}

export const accountRead = z.object({
  id,
  created: time,
  updated: time,
  name: z.string(),
  handle: z.string(),
  location: z.string().nullable(),
  link: z.string().nullable(),
  image_location: z.string().nullable(),
  stripe_customer_id: z.string().nullable(),
  auth_expiration_seconds: z.int().nullable(),
  status: z.enum(['ACTIVE', 'DELINQUENT', 'FROZEN']),
  status_last_updated: time.nullable(),
  settings: accountSettings,
  workos_connection_ids: z.array(z.string()),
  workos_directory_ids: z.array(z.string()),
  workos_organization_id: z.string().nullable(),
  plan_type: z.enum(['PERSONAL', 'ORGANIZATION', 'ENTERPRISE']),
  plan_tier: z.string().nullable(),
  self_serve: z.boolean(),
  scim_state: z.enum(['DISABLED', 'NEEDS_ORGANIZATION_ID', 'NEEDS_CONFIGURATION', 'ENABLED']),
  sso_state: z.enum(['DISABLED', 'NEEDS_CONFIGURATION', 'ENABLED']),
  billing_email: z.string().nullable(),
  features: z.array(z.string()),
  max_deployments_per_workspace: z.int().nullable(),
  work_pool_limit: z.int().nullable(),
  non_mex_work_pool_limit: z.int().nullable(),
  mex_work_pool_limit: z.int(),
  run_retention_days: z.int(),
  audit_log_retention_days: z.int(),
  automations_limit: z.int(),
})

// No plan limits anything yet, and the wire has no word for that where it wants a number.
const unlimited = 1_000_000
const keptDays = 36_500

export const wireAccount = (account: Account): z.input<typeof accountRead> => ({
  id: account.id,
  created: account.createdAt.toISOString(),
  updated: account.updatedAt.toISOString(),
  name: account.name,
  handle: account.handle,
  location: account.settings.location ?? null,
  link: account.settings.link ?? null,
  image_location: null,
  stripe_customer_id: null,
  auth_expiration_seconds: null,
  status: 'ACTIVE',
  status_last_updated: null,
  settings: wireSettings(account.settings),
  workos_connection_ids: [],
  workos_directory_ids: [],
  workos_organization_id: null,
  plan_type: account.personal ? 'PERSONAL' : 'ORGANIZATION',
  plan_tier: null,
  self_serve: false,
  scim_state: 'DISABLED',
  sso_state: 'DISABLED',
  billing_email: account.settings.billingEmail ?? null,
  features: [],
  max_deployments_per_workspace: null,
  work_pool_limit: null,
  non_mex_work_pool_limit: null,
  // Rigel has no managed execution.
  mex_work_pool_limit: 0,
  run_retention_days: keptDays,
  audit_log_retention_days: keptDays,
  automations_limit: unlimited,
})

export const workspaceRead = z.object({
  id,
  created: time,
  updated: time,
  account_id: id,
  name: z.string(),
  description: z.string(),
  handle: z.string(),
  default_workspace_role_id: id.nullable(),
  is_public: z.boolean(),
})

export const wireWorkspace = (row: Workspace): z.input<typeof workspaceRead> => ({
  id: row.id,
  created: row.createdAt.toISOString(),
  updated: row.updatedAt.toISOString(),
  account_id: row.accountId,
  name: row.name,
  description: row.description,
  handle: row.handle,
  default_workspace_role_id: null,
  is_public: false,
})
