import type { AccountRole } from './actor.ts'

/** What may be done with an account and what belongs to it as a whole. The names are the wire's (cloud-api-contract §3.6). */
export const accountPermissions = [
  'read:account',
  'update:account',
  'delete:account',
  'read:account_membership',
  'update:account_membership',
  'delete:account_membership',
  'create:account_role',
  'read:account_role',
  'update:account_role',
  'delete:account_role',
  'add:account_member',
  'read:sso',
  'administrate:sso',
  'bypass:sso',
  'read:billing',
  'update:billing',
  'create:bot',
  'read:bot',
  'update:bot',
  'delete:bot',
  'create:team',
  'read:team',
  'update:team',
  'delete:team',
  'create:invitation',
  'read:invitation',
  'update:invitation',
  'create:workspace_invitation',
  'read:workspace_invitation',
  'update:workspace_invitation',
  'administrate:workspace',
  'create:workspace',
  'read:workspace',
  'delete:workspace',
  'create:workspace_role',
  'read:workspace_role',
  'update:workspace_role',
  'delete:workspace_role',
  'create:audit_event',
  'read:audit_event',
  'read:ip_allowlist',
  'update:ip_allowlist',
  'read:mex-storage',
  'update:mex-storage',
  'delete:mex-storage',
  'read:integrations',
  'update:integrations',
] as const
export type AccountPermission = (typeof accountPermissions)[number]

// Audit events are written by Rigel itself, never by hand.
const owner = accountPermissions.filter((permission) => permission !== 'create:audit_event')

export const permissionsOfAccountRole = {
  owner,
  admin: owner.filter((permission) => permission !== 'bypass:sso' && permission !== 'delete:account'),
  member: [
    'read:account',
    'read:account_membership',
    'read:account_role',
    'read:sso',
    'read:bot',
    'read:team',
    'read:invitation',
    'create:workspace_invitation',
    'read:workspace_invitation',
    'read:workspace',
    'read:workspace_role',
    'read:mex-storage',
    'read:integrations',
  ],
} as const satisfies Record<AccountRole, readonly AccountPermission[]>

export const accountRoleWords = {
  owner: 'Owner',
  admin: 'Admin',
  member: 'Member',
} as const satisfies Record<AccountRole, string>

export const hasPermission = (role: AccountRole, permission: AccountPermission): boolean =>
  (permissionsOfAccountRole[role] as readonly AccountPermission[]).includes(permission)

/** Whether the role owns every workspace of the account without a row that says so. */
export const ownsEveryWorkspace = (role: AccountRole): boolean =>
  hasPermission(role, 'administrate:workspace')
