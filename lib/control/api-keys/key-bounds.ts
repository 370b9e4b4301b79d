import type { UserActor, WorkspaceRole } from '../../domain/access/actor.ts'
import { isWithinRole } from '../../domain/access/workspace-roles.ts'
import { Problem } from '../../domain/problem.ts'

export interface KeyBounds {
  readonly workspaceId: string | null
  readonly role: WorkspaceRole | null
}

/** Whether a key can do nothing that the actor itself cannot: only such keys it may make, see, roll or revoke. */
export const isWithinBounds = (key: KeyBounds, actor: UserActor): boolean =>
  (actor.onlyWorkspaceId === null || key.workspaceId === actor.onlyWorkspaceId) &&
  isWithinRole(key.role, actor.maxRole)

export function requireWithinBounds(key: KeyBounds, actor: UserActor): void {
  if (isWithinBounds(key, actor)) return
  throw new Problem(
    'not-allowed',
    'The API key that asks is limited to a workspace or a role, so a key made with it needs the same limits. Sign in to make a wider one.',
  )
}

/** The last instant that a key made by this actor may be valid at; null: no limit. */
export const latestEnd = (actor: UserActor): number | null =>
  actor.by.type === 'key' ? actor.expiresAtMs : null

export function requireNotOutliving(expiresAt: Date | null, actor: UserActor): void {
  const latest = latestEnd(actor)
  if (latest === null || (expiresAt && expiresAt.getTime() <= latest)) return
  throw new Problem(
    'not-allowed',
    `A key made with an API key must not outlive it: choose an expiration until ${new Date(latest).toISOString()}, or sign in to make it.`,
  )
}
