import type { Sql } from '../db/clients.ts'
import type { AccountRole, UserActor, WorkspaceRole } from '../domain/access/actor.ts'

/** Reads who holds a key or session and what a user may enter: many at once, each by an index. */
export interface AccessReader {
  /** By hash (hex) of the key. Revoked and expired ones are not there. */
  readKeys(hashes: readonly string[]): Promise<ReadonlyMap<string, UserActor>>
  readSessions(hashes: readonly string[]): Promise<ReadonlyMap<string, UserActor>>
  /** By `user workspace`. */
  readWorkspaceRoles(pairs: readonly string[]): Promise<ReadonlyMap<string, WorkspaceStanding>>
  /** By `user account`. */
  readAccountRoles(pairs: readonly string[]): Promise<ReadonlyMap<string, AccountRole>>
  /** Of these keys and sessions, those that are still good, with when they end. */
  readLiving(ids: {
    readonly keys: readonly string[]
    readonly sessions: readonly string[]
  }): Promise<ReadonlyMap<string, number | null>>
}

export interface WorkspaceStanding {
  readonly accountId: string
  readonly accountRole: AccountRole
  /** What a row says; owners and admins of the account need none. */
  readonly ownRole: WorkspaceRole | null
}

interface HolderRow {
  readonly hash: string
  readonly id: string
  readonly userId: string
  readonly actorId: string
  readonly handle: string
  readonly name: string
  readonly workspaceId: string | null
  readonly role: WorkspaceRole | null
  readonly expiresAtMs: number | null
}

export function createAccessReader(sql: Sql): AccessReader {
  return {
    async readKeys(hashes) {
      const rows = await sql<HolderRow[]>`
        select encode(k.key_hash, 'hex') as hash, k.id, k.user_id, u.actor_id, u.handle, u.name, k.workspace_id, k.role,
          (extract(epoch from k.expires_at) * 1000)::float8 as expires_at_ms
        from unnest(${hashes as string[]}::text[]) h
        join api_keys k on k.key_hash = decode(h, 'hex')
        join users u on u.id = k.user_id
        where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`
      return new Map(rows.map((row) => [row.hash, actorOf(row, { type: 'key', keyId: row.id })]))
    },
    async readSessions(hashes) {
      const rows = await sql<HolderRow[]>`
        select encode(s.token_hash, 'hex') as hash, s.id, s.user_id, u.actor_id, u.handle, u.name,
          null::uuid as workspace_id, null::text as role,
          (extract(epoch from s.expires_at) * 1000)::float8 as expires_at_ms
        from unnest(${hashes as string[]}::text[]) h
        join sessions s on s.token_hash = decode(h, 'hex')
        join users u on u.id = s.user_id
        where s.expires_at > now()`
      return new Map(rows.map((row) => [row.hash, actorOf(row, { type: 'session', sessionId: row.id })]))
    },
    async readWorkspaceRoles(pairs) {
      const rows = await sql<({ pair: string } & WorkspaceStanding)[]>`
        select p as pair, w.account_id, am.role as account_role, wm.role as own_role
        from unnest(${pairs as string[]}::text[]) p
        join workspaces w on w.id = split_part(p, ' ', 2)::uuid
        join account_memberships am on am.account_id = w.account_id and am.user_id = split_part(p, ' ', 1)::uuid
        left join workspace_memberships wm on wm.workspace_id = w.id and wm.user_id = am.user_id`
      return new Map(
        rows.map(({ pair, accountId, accountRole, ownRole }) => [pair, { accountId, accountRole, ownRole }]),
      )
    },
    async readAccountRoles(pairs) {
      const rows = await sql<{ pair: string; role: AccountRole }[]>`
        select p as pair, am.role
        from unnest(${pairs as string[]}::text[]) p
        join account_memberships am
          on am.account_id = split_part(p, ' ', 2)::uuid and am.user_id = split_part(p, ' ', 1)::uuid`
      return new Map(rows.map(({ pair, role }) => [pair, role]))
    },
    async readLiving({ keys, sessions }) {
      const rows = await sql<{ id: string; expiresAtMs: number | null }[]>`
        select k.id, (extract(epoch from k.expires_at) * 1000)::float8 as expires_at_ms
        from unnest(${keys as string[]}::uuid[]) i join api_keys k on k.id = i
        where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        union all
        select s.id, (extract(epoch from s.expires_at) * 1000)::float8
        from unnest(${sessions as string[]}::uuid[]) i join sessions s on s.id = i
        where s.expires_at > now()`
      return new Map(rows.map(({ id, expiresAtMs }) => [id, expiresAtMs]))
    },
  }
}

function actorOf(row: HolderRow, by: UserActor['by']): UserActor {
  return Object.freeze({
    kind: 'user',
    userId: row.userId,
    actorId: row.actorId,
    handle: row.handle,
    name: row.name,
    by,
    onlyWorkspaceId: row.workspaceId,
    maxRole: row.role,
    expiresAtMs: row.expiresAtMs,
  })
}
