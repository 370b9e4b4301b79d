import type { Database } from '../db/clients.ts'
import type { Actor, WorkspaceAccess } from '../domain/access/actor.ts'
import type { WorkspaceScope } from '../domain/access/scopes.ts'
import { NotAllowed } from '../domain/problem.ts'

/** What every verb gets: who asks, in which workspace, and the database. Nothing of HTTP. */
export interface Context {
  readonly actor: Actor
  readonly workspaceId: string
  readonly access: WorkspaceAccess
  readonly db: Database
  /** Microseconds since 1970. */
  readonly nowMicros: () => number
}

/** Throws NotAllowed, which names the scope that is missing, unless the actor has it. */
export function requireScope(ctx: Pick<Context, 'access'>, scope: WorkspaceScope): void {
  if (!ctx.access.scopes.has(scope)) throw new NotAllowed(scope, ctx.access.role)
}
