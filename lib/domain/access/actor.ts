import type { WorkspaceScope } from './scopes.ts'

/** Who acts. Keys and browser sessions both resolve to one. */
export type Actor = UserActor | SystemActor

export interface UserActor {
  readonly kind: 'user'
  readonly userId: string
  readonly actorId: string
  readonly handle: string
  readonly name: string
  /** How it proved itself. A session's writes must also pass the cross-site check. */
  readonly by:
    | { readonly type: 'key'; readonly keyId: string }
    | { readonly type: 'session'; readonly sessionId: string }
  /** The key is valid for this workspace only; null: for all that the user may enter. */
  readonly onlyWorkspaceId: string | null
  /** The most that the key may do in a workspace, whatever its user may; null: all that the user may. */
  readonly maxRole: WorkspaceRole | null
  /** When the key or session ends, in milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null
}

/** A background service. */
export interface SystemActor {
  readonly kind: 'system'
  readonly service: string
  /** On whose behalf it acts. */
  readonly automation?: { readonly id: string; readonly name: string }
}

/** By whom something was done, for people to read. */
export const actorName = (actor: Actor): string =>
  actor.kind === 'user' ? actor.name || actor.handle : actor.service

export const workspaceRoles = ['viewer', 'runner', 'developer', 'owner', 'worker'] as const
export type WorkspaceRole = (typeof workspaceRoles)[number]
export const accountRoles = ['owner', 'admin', 'member'] as const
export type AccountRole = (typeof accountRoles)[number]

/** What an actor may do in one workspace. */
export interface WorkspaceAccess {
  readonly accountId: string
  readonly workspaceId: string
  readonly role: WorkspaceRole
  readonly scopes: ReadonlySet<WorkspaceScope>
}

export interface AccountAccess {
  readonly accountId: string
  readonly role: AccountRole
}
