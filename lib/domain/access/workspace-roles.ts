import type { WorkspaceRole } from './actor.ts'
import { withIncludedScopes } from './implied-scopes.ts'
import { type WorkspaceScope, workspaceScopes } from './scopes.ts'

const hiddenFromViewers: ReadonlySet<WorkspaceScope> = new Set([
  'see_secret_blocks',
  'see_workspace_settings',
  'see_workspace_users',
  'see_workspace_service_accounts',
])

const viewer = workspaceScopes.filter((scope) => scope.startsWith('see_') && !hiddenFromViewers.has(scope))

const runner = [...viewer, 'run_deployments'] as const satisfies readonly WorkspaceScope[]

const developer = [
  ...runner,
  'manage_saved_search',
  'manage_flows',
  'run_tasks',
  'manage_blocks',
  'manage_deployments',
  'manage_notifications',
  'see_workspace_settings',
  'manage_work_queues',
  'manage_work_pools',
  'manage_workers',
  'manage_concurrency_limits',
  'manage_events',
  'manage_event_publications',
  'manage_event_subscriptions',
  'manage_automations',
  'manage_webhooks',
  'manage_tags',
  'manage_artifacts',
  'manage_variables',
  'manage_assets',
] as const satisfies readonly WorkspaceScope[]

/** What a machine needs that polls for work and reports on it, and nothing else. */
const worker = [
  'run_flows',
  'run_tasks',
  'run_deployments',
  'see_secret_blocks',
  'write_work_pools',
  'write_work_queues',
  'write_workers',
  'see_variables',
  'manage_concurrency_limits',
  'manage_events',
  'write_artifacts',
] as const satisfies readonly WorkspaceScope[]

const scopesOfRole = {
  viewer: withIncludedScopes(viewer),
  runner: withIncludedScopes(runner),
  developer: withIncludedScopes(developer),
  owner: new Set(workspaceScopes),
  worker: withIncludedScopes(worker),
} as const satisfies Record<WorkspaceRole, ReadonlySet<WorkspaceScope>>

export const workspaceRoleWords = {
  viewer: 'Sees everything but secrets and settings; changes nothing.',
  runner: 'Sees what a viewer sees, and runs deployments.',
  developer: 'Builds and runs flows, deployments, blocks, variables and automations.',
  owner: 'Does everything, people and settings included.',
  worker: 'For machines: polls for work and reports on it.',
} as const satisfies Record<WorkspaceRole, string>

/** The narrowest role of people that has the scope. */
export const narrowestRole = (scope: WorkspaceScope): WorkspaceRole =>
  (['viewer', 'runner', 'developer'] as const).find((role) => scopesOfRole[role].has(scope)) ?? 'owner'

/** A role as wide as what its holder and the key it holds both allow. */
export interface BoundedRole {
  /** The narrower of the two; the holder's own where neither holds the other. */
  readonly role: WorkspaceRole
  readonly scopes: ReadonlySet<WorkspaceScope>
}

const holds = (wide: WorkspaceRole, narrow: WorkspaceRole): boolean =>
  [...scopesOfRole[narrow]].every((scope) => scopesOfRole[wide].has(scope))

const bounded = new Map<string, BoundedRole>()

/**
 * What somebody with `role` may do through a key bounded by `bound` (null: no bound): the scopes that both have.
 * The same value for the same pair, so that callers may compare by identity.
 */
export function boundRole(role: WorkspaceRole, bound: WorkspaceRole | null): BoundedRole {
  const pair = `${role} ${bound}`
  let found = bounded.get(pair)
  if (!found) {
    found =
      bound === null || bound === role
        ? { role, scopes: scopesOfRole[role] }
        : {
            role: holds(role, bound) ? bound : role,
            scopes: new Set([...scopesOfRole[role]].filter((scope) => scopesOfRole[bound].has(scope))),
          }
    bounded.set(pair, found)
  }
  return found
}

/** Whether a key of role `narrow` can do nothing that one of role `wide` cannot. null is a key without a bound. */
export function isWithinRole(narrow: WorkspaceRole | null, wide: WorkspaceRole | null): boolean {
  if (wide === null) return true
  return narrow !== null && holds(wide, narrow)
}
