import type { Database } from '../db/clients.ts'
import { SideConnection } from '../db/side-connection.ts'
import { ownsEveryWorkspace } from '../domain/access/account-permissions.ts'
import type { AccountAccess, Actor, UserActor, WorkspaceAccess } from '../domain/access/actor.ts'
import { ACCESS_CHANNEL, type AccessNotice, parseNotice } from '../domain/access/notice.ts'
import { boundRole } from '../domain/access/workspace-roles.ts'
import { Unavailable } from '../domain/problem.ts'
import { createAccessReader, type WorkspaceStanding } from './access-reader.ts'
import type { Identity } from './identity.ts'
import { LastUsed } from './last-used.ts'
import { Memory } from './memory.ts'
import { type Proof, proofOf, proveByKey } from './proof.ts'
import { type Watcher, Watchers } from './watchers.ts'

/** What was read, or proven current by the feed, this long ago may be believed: well under the second that is promised. */
const believeMs = 800
const longestWaitMs = 5_000
const maxProvenHeaders = 10_000
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export interface IdentityOptions {
  readonly db: Database
  /** The process's own, to hear of revocations; else one is opened, and closed with the service. */
  readonly side?: SideConnection
  /** Milliseconds since 1970, for expiry. */
  readonly nowMs?: () => number
}

export interface IdentityService extends Identity {
  /** Writes what is pending about the last use of keys. */
  flush(): Promise<void>
  close(): Promise<void>
}

export function createIdentity({ db, side, nowMs = Date.now }: IdentityOptions): IdentityService {
  const reader = createAccessReader(db.engine)
  const connection = side ?? new SideConnection(db.engine)
  const isFresh = (loadedAt: number): boolean => {
    const now = performance.now()
    return now - Math.max(loadedAt, connection.provenAt(now)) <= believeMs
  }
  const keys = new Memory({ load: reader.readKeys, isFresh, maxEntries: 50_000 })
  const sessions = new Memory({ load: reader.readSessions, isFresh, maxEntries: 50_000 })
  const standings = new Memory({ load: reader.readWorkspaceRoles, isFresh, maxEntries: 100_000 })
  const accountRoles = new Memory({ load: reader.readAccountRoles, isFresh, maxEntries: 50_000 })
  const lastUsed = new LastUsed(db.engine, nowMs)
  /** Proofs by the header that brought them, of living keys only, and until somebody's access changes: hashing is dear. */
  const provenHeaders = new Map<string, Proof>()
  const watchers = new Watchers({ nowMs, readLiving: reader.readLiving, enter: enterAnyAccount })

  const feed = connection.listen(ACCESS_CHANNEL, {
    onReset: () => {
      provenHeaders.clear()
      for (const memory of [keys, sessions, standings, accountRoles]) memory.forget(() => true)
      recheck(null)
    },
    onNotify: (text) => {
      const notice = parseNotice(text)
      if (!notice) return
      forget(notice)
      recheck(notice)
    },
  })

  function recheck(notice: AccessNotice | null): void {
    // When the database is away nothing can have changed; the feed's next reset looks at everybody again.
    watchers.recheck(notice).catch(() => {})
  }

  function forget({ kind, id }: AccessNotice): void {
    provenHeaders.clear()
    const ofActor = (actor: UserActor | null): boolean => {
      if (!actor) return true
      if (kind === 'user') return actor.userId === id
      if (kind === 'workspace') return actor.onlyWorkspaceId === id
      return kind === (actor.by.type === 'key' ? 'key' : 'session') && proofId(actor) === id
    }
    if (kind === 'key' || kind === 'user' || kind === 'workspace') keys.forget(ofActor)
    if (kind === 'session' || kind === 'user') sessions.forget(ofActor)
    if (kind === 'user' || kind === 'workspace') standings.forget((_, pair) => pair.includes(id))
    if (kind === 'user') accountRoles.forget((_, pair) => pair.startsWith(id))
    if (kind === 'account') {
      standings.forget((standing) => standing?.accountId === id)
      accountRoles.forget((_, pair) => pair.endsWith(id))
    }
  }

  /** The actor if its key or session has not ended meanwhile. */
  const alive = (actor: UserActor | null): UserActor | null =>
    actor && (actor.expiresAtMs === null || actor.expiresAtMs > nowMs()) ? actor : null

  function identify(
    proof: Proof,
    userAgent: string | undefined,
  ): UserActor | null | Promise<UserActor | null> {
    const known = (proof.type === 'key' ? keys : sessions).get(proof.hash)
    const meet = (found: UserActor | null): UserActor | null => {
      const actor = alive(found)
      if (actor?.by.type === 'key') lastUsed.touch(actor.by.keyId, userAgent)
      return actor
    }
    return known instanceof Promise ? orUnavailable(known.then(meet)) : meet(known)
  }

  /** What the actor may do there, whatever account the address names. */
  function enterAnyAccount(
    actor: UserActor,
    workspaceId: string,
  ): WorkspaceAccess | null | Promise<WorkspaceAccess | null> {
    if (actor.onlyWorkspaceId !== null && actor.onlyWorkspaceId !== workspaceId) return null
    const standing = standings.get(`${actor.userId} ${workspaceId}`)
    return standing instanceof Promise
      ? orUnavailable(standing.then((each) => accessOf(actor, workspaceId, each)))
      : accessOf(actor, workspaceId, standing)
  }

  return {
    authenticate(credentials) {
      const { authorization, userAgent } = credentials
      const proven = authorization === undefined ? undefined : provenHeaders.get(authorization)
      if (proven) return identify(proven, userAgent)
      const proof = proofOf(credentials)
      if (!proof) return null
      const actor = identify(proof, userAgent)
      if (authorization !== undefined && actor !== null && !(actor instanceof Promise)) {
        if (provenHeaders.size >= maxProvenHeaders) provenHeaders.clear()
        provenHeaders.set(authorization, proof)
      }
      return actor
    },
    authenticateToken(token, userAgent) {
      const proof = proveByKey(token.trim())
      return proof ? identify(proof, userAgent) : null
    },
    enterWorkspace(actor, accountId, workspaceId) {
      // Text that is no id would fail the statement that it shares with others.
      if (!isLiving(actor) || !uuid.test(workspaceId)) return null
      const access = enterAnyAccount(actor, workspaceId)
      const ofAccount = (each: WorkspaceAccess | null): WorkspaceAccess | null =>
        each?.accountId === accountId ? each : null
      return access instanceof Promise ? access.then(ofAccount) : ofAccount(access)
    },
    async enterAccount(actor, accountId) {
      if (!isLiving(actor) || !uuid.test(accountId)) return null
      const role = await orUnavailable(Promise.resolve(accountRoles.get(`${actor.userId} ${accountId}`)))
      if (!role) return null
      if (actor.onlyWorkspaceId !== null) {
        const access = await enterAnyAccount(actor, actor.onlyWorkspaceId)
        if (access?.accountId !== accountId) return null
      }
      // A key that is bounded in workspaces must not reach around the bound through the account.
      const bounded = actor.onlyWorkspaceId !== null || actor.maxRole !== null
      return { accountId, role: bounded ? 'member' : role } satisfies AccountAccess
    },
    onRevoked(actor, workspaceId, callback) {
      if (actor.kind !== 'user') return () => {}
      const access = enterAnyAccount(actor, workspaceId)
      const watcher: Watcher = {
        actor,
        workspaceId,
        callback,
        access: access instanceof Promise ? null : access,
        expiresAtMs: actor.expiresAtMs,
      }
      if (access instanceof Promise) access.catch(() => {})
      const remove = watchers.add(watcher)
      feed.watched = true
      // It may have been revoked between the moment it was let in and this one.
      watchers.look([watcher]).catch(() => {})
      return () => {
        remove()
        feed.watched = watchers.size > 0
      }
    },
    flush: () => lastUsed.flush(),
    async close() {
      watchers.close()
      feed.close()
      if (!side) await connection.close()
      await lastUsed.close()
    },
  }

  function isLiving(actor: Actor): actor is UserActor {
    return actor.kind === 'user' && alive(actor) !== null
  }
}

const proofId = (actor: UserActor): string => (actor.by.type === 'key' ? actor.by.keyId : actor.by.sessionId)

function accessOf(
  actor: UserActor,
  workspaceId: string,
  standing: WorkspaceStanding | null,
): WorkspaceAccess | null {
  if (!standing) return null
  const own = ownsEveryWorkspace(standing.accountRole) ? 'owner' : standing.ownRole
  if (!own) return null
  const { role, scopes } = boundRole(own, actor.maxRole)
  return { accountId: standing.accountId, workspaceId, role, scopes }
}

const awayCode = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_|CONNECT|08|3D|53|57P)/

async function orUnavailable<Value>(answer: Promise<Value>): Promise<Value> {
  const { promise: late, timer } = rejectLater()
  try {
    return await Promise.race([answer, late])
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!awayCode.test(code)) throw error
    throw new Unavailable(
      'The database cannot be reached, so it is not known who asks. Send the same request again.',
      1,
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
  }
}

function rejectLater(): { readonly promise: Promise<never>; readonly timer: NodeJS.Timeout } {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('no answer'), { code: 'CONNECT_TIMEOUT' })),
      longestWaitMs,
    )
  })
  // Safe: the promise's body has run by now.
  return { promise, timer: timer as unknown as NodeJS.Timeout }
}
