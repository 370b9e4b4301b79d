import type { AccountAccess, Actor, WorkspaceAccess } from '../domain/access/actor.ts'

/** What came with a request or an upgrade. Header values as sent. */
export interface Credentials {
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  readonly userAgent: string | undefined
}

/**
 * Answers who asks and where they may go, from a short memory (no SQL on the hot path).
 * A revoked key or session is refused within one second, on every replica.
 */
export interface Identity {
  /** null: no, unknown, expired or revoked credentials. */
  authenticate(credentials: Credentials): Promise<Actor | null> | Actor | null
  /** The token of a socket's auth frame. */
  authenticateToken(token: string, userAgent?: string): Promise<Actor | null> | Actor | null
  /** null: there is no such workspace in that account, or not for this actor; callers answer *not found* either way. */
  enterWorkspace(
    actor: Actor,
    accountId: string,
    workspaceId: string,
  ): Promise<WorkspaceAccess | null> | WorkspaceAccess | null
  enterAccount(actor: Actor, accountId: string): Promise<AccountAccess | null> | AccountAccess | null
  /** Calls back at most a second after this actor's key or session was revoked, or its access to the workspace ended. Answers a function that stops listening. */
  onRevoked(actor: Actor, workspaceId: string, callback: (reason: string) => void): () => void
}
