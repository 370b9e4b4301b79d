import { type WorkspaceScope, workspaceScopes } from './scopes.ts'

/**
 * What each scope directly includes: a chain runs from the strongest to the weakest (cloud-api-contract §3.11).
 * Whoever holds a scope holds all below it.
 */
const includes = {
  see_flows: [],
  manage_saved_search: ['see_flows'],
  run_flows: ['see_flows'],
  manage_flows: ['run_flows'],
  run_tasks: [],
  see_blocks: [],
  see_secret_blocks: ['see_blocks'],
  manage_blocks: ['see_secret_blocks'],
  see_deployments: [],
  run_deployments: ['see_deployments'],
  write_deployments: ['run_deployments'],
  manage_deployments: ['write_deployments'],
  see_notifications: [],
  write_notifications: ['see_notifications'],
  manage_notifications: ['write_notifications'],
  see_workspace_settings: [],
  write_workspace_settings: ['see_workspace_settings'],
  manage_workspace_settings: ['write_workspace_settings'],
  see_workspace_users: [],
  manage_workspace_users: ['see_workspace_users'],
  see_workspace_service_accounts: [],
  manage_workspace_service_accounts: ['see_workspace_service_accounts'],
  manage_workspace_teams: [],
  see_work_queues: [],
  write_work_queues: ['see_work_queues'],
  manage_work_queues: ['write_work_queues'],
  see_work_pools: [],
  write_work_pools: ['see_work_pools'],
  manage_work_pools: ['write_work_pools'],
  see_workers: [],
  write_workers: ['see_workers'],
  manage_workers: ['write_workers'],
  see_concurrency_limits: [],
  manage_concurrency_limits: ['see_concurrency_limits'],
  see_events: [],
  manage_events: ['see_events'],
  see_event_publications: [],
  manage_event_publications: ['see_event_publications'],
  see_event_subscriptions: [],
  manage_event_subscriptions: ['see_event_subscriptions'],
  see_automations: [],
  manage_automations: ['see_automations'],
  see_webhooks: [],
  manage_webhooks: ['see_webhooks'],
  see_tags: [],
  manage_tags: ['see_tags'],
  see_artifacts: [],
  write_artifacts: ['see_artifacts'],
  manage_artifacts: ['write_artifacts'],
  see_variables: [],
  write_variables: ['see_variables'],
  manage_variables: ['write_variables'],
  see_assets: [],
  write_assets: ['see_assets'],
  manage_assets: ['write_assets'],
  see_incidents: [],
  write_incidents: ['see_incidents'],
  manage_incidents: ['write_incidents'],
  manage_acls: [],
  manage_mex_storage: [],
  manage_mex_deploy: [],
} as const satisfies Record<WorkspaceScope, readonly WorkspaceScope[]>

/** The scopes below one, without itself, in the catalogue's order. */
export function scopesIncludedIn(scope: WorkspaceScope): readonly WorkspaceScope[] {
  const all = withIncludedScopes(includes[scope])
  return workspaceScopes.filter((each) => all.has(each))
}

/** These scopes and all that they include. */
export function withIncludedScopes(scopes: Iterable<WorkspaceScope>): ReadonlySet<WorkspaceScope> {
  const found = new Set<WorkspaceScope>()
  const open = [...scopes]
  for (let scope = open.pop(); scope; scope = open.pop()) {
    if (found.has(scope)) continue
    found.add(scope)
    open.push(...includes[scope])
  }
  return found
}
