import { and, desc, eq, ilike, inArray, isNull } from 'drizzle-orm'
import { apiKeys } from '../../db/schema/identity.ts'
import type { WorkspaceRole } from '../../domain/access/actor.ts'
import { NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUser } from '../users/require-user.ts'
import { isWithinBounds } from './key-bounds.ts'

/** What may be shown of a key at any time. */
export interface ApiKeyRow {
  readonly id: string
  readonly name: string
  readonly maskedKey: string
  readonly workspaceId: string | null
  readonly role: WorkspaceRole | null
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly lastUsedBy: string | null
  /** The key that it was rolled into, and beside which it is valid for a while. */
  readonly replacedBy: string | null
}

const columns = {
  id: apiKeys.id,
  name: apiKeys.name,
  maskedKey: apiKeys.maskedKey,
  workspaceId: apiKeys.workspaceId,
  role: apiKeys.role,
  createdAt: apiKeys.createdAt,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
  lastUsedBy: apiKeys.lastUsedBy,
  replacedBy: apiKeys.replacedBy,
}

export interface ListApiKeysInput {
  readonly names?: readonly string[]
  /** Part of the name, in any case. */
  readonly nameLike?: string
  readonly limit?: number
  readonly offset?: number
}

// More than anybody reads, and a bound on what one answer holds.
const most = 1_000

/** The user's keys that were not revoked, newest first; to a bounded key only those within its bounds. */
export async function listApiKeys(
  ctx: ActorContext,
  input: ListApiKeysInput = {},
): Promise<readonly ApiKeyRow[]> {
  const actor = requireUser(ctx)
  const { names, nameLike, limit = most, offset = 0 } = input
  const rows = await ctx.db.orm
    .select(columns)
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.userId, actor.userId),
        isNull(apiKeys.revokedAt),
        names ? inArray(apiKeys.name, [...names]) : undefined,
        nameLike ? ilike(apiKeys.name, `%${nameLike.replace(/[\\%_]/g, '\\$&')}%`) : undefined,
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(most)
  return rows.filter((row) => isWithinBounds(row, actor)).slice(offset, offset + limit)
}

export async function readApiKey(ctx: ActorContext, { id }: { readonly id: string }): Promise<ApiKeyRow> {
  const actor = requireUser(ctx)
  const [row] = await ctx.db.orm
    .select(columns)
    .from(apiKeys)
    .where(and(eq(apiKeys.userId, actor.userId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
  if (!row || !isWithinBounds(row, actor)) throw new NotFound('API key')
  return row
}
