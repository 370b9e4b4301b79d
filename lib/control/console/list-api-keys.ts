import { sql } from 'drizzle-orm'
import type { WorkspaceRole } from '../../domain/access/actor.ts'
import type { Context } from '../context.ts'

export interface ApiKeyRow {
  readonly id: string
  readonly name: string
  readonly maskedKey: string
  /** null: every workspace of the user. */
  readonly workspaceId: string | null
  readonly role: WorkspaceRole | null
  readonly createdAt: string
  readonly lastUsedAt: string | null
  readonly lastUsedBy: string | null
  readonly expiresAt: string | null
  readonly replaced: boolean
}

/** The reader's own keys, newest first: live ones, and those that expired within the last 30 days. */
export async function listApiKeys(ctx: Pick<Context, 'actor' | 'db'>): Promise<readonly ApiKeyRow[]> {
  if (ctx.actor.kind !== 'user') return []
  const instant = (column: string) =>
    sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)
  const rows = await ctx.db.orm.execute<Record<keyof ApiKeyRow, unknown>>(sql`
    select id, name, masked_key as "maskedKey", workspace_id as "workspaceId", role,
      ${instant('created_at')} as "createdAt", ${instant('last_used_at')} as "lastUsedAt", last_used_by as "lastUsedBy",
      ${instant('expires_at')} as "expiresAt", replaced_by is not null as replaced
    from api_keys
    where user_id = ${ctx.actor.userId} and revoked_at is null and (expires_at is null or expires_at > now() - interval '30 days')
    order by created_at desc, id desc limit 500`)
  // The columns above are the interface's, one by one.
  return rows as unknown as ApiKeyRow[]
}
