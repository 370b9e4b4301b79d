import type { WorkspaceRole } from '#lib/domain/access/actor.ts'

export const roleWords = {
  viewer: 'Viewer',
  runner: 'Runner',
  developer: 'Developer',
  owner: 'Owner',
  worker: 'Worker',
} as const satisfies Record<WorkspaceRole, string>

export const roleHints = {
  viewer: 'Sees everything, changes nothing.',
  runner: 'Sees everything and runs flows and deployments.',
  developer: 'Runs flows, and makes and changes flows and deployments.',
  owner: 'Everything, members and settings too.',
  worker: 'Only what a worker needs: takes runs and reports them.',
} as const satisfies Record<WorkspaceRole, string>

const strength = { viewer: 0, worker: 1, runner: 1, developer: 2, owner: 3 } as const satisfies Record<
  WorkspaceRole,
  number
>

/** Roles that a key may be given: none beyond its user's own. */
export const rolesUpTo = (own: WorkspaceRole): readonly WorkspaceRole[] =>
  (['viewer', 'runner', 'developer', 'owner', 'worker'] as const).filter(
    (role) => role === own || strength[role] < strength[own] || own === 'owner',
  )
