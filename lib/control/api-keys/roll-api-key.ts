import { and, eq, isNull } from 'drizzle-orm'
import { apiKeys } from '../../db/schema/identity.ts'
import { BadInput, Conflict, NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUser } from '../users/require-user.ts'
import { tellAccessChanged } from '../users/unit-of-work.ts'
import { limitKeyCreation } from './creation-limit.ts'
import { type IssuedKey, issueKey } from './issue-key.ts'
import { isWithinBounds, latestEnd } from './key-bounds.ts'

export const longestOverlapSeconds = 30 * 86_400

export interface RollApiKeyInput {
  readonly id: string
  /** How long the old key stays valid beside the new one. 0: it ends at once. */
  readonly overlapSeconds: number
}

/**
 * Puts a new key with the same name, bounds and length of life in the place of one, which stays valid for the overlap.
 * A key that rolls itself or another does not gain life by it: the new one ends with the key that asked.
 */
export async function rollApiKey(
  ctx: ActorContext,
  { id, overlapSeconds }: RollApiKeyInput,
): Promise<IssuedKey> {
  const actor = requireUser(ctx)
  if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > longestOverlapSeconds) {
    throw new BadInput(`The overlap is a number of seconds from 0 to ${longestOverlapSeconds} (30 days).`)
  }
  limitKeyCreation(actor.userId)
  const nowMs = ctx.nowMicros() / 1000
  return ctx.db.orm.transaction(async (work) => {
    const [old] = await work
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.userId, actor.userId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .for('update')
    if (!old || !isWithinBounds(old, actor)) throw new NotFound('API key')
    if (old.replacedBy)
      throw new Conflict('This API key was rolled already; roll the one that took its place.')
    if (old.expiresAt && old.expiresAt.getTime() <= nowMs) {
      throw new Conflict('This API key has expired; make a new one.')
    }
    const lifeMs = old.expiresAt ? old.expiresAt.getTime() - old.createdAt.getTime() : null
    const ends = [lifeMs === null ? null : nowMs + lifeMs, latestEnd(actor)].filter((end) => end !== null)
    const issued = await issueKey(work, {
      userId: actor.userId,
      name: old.name,
      workspaceId: old.workspaceId,
      role: old.role,
      expiresAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
    })
    const oldEndsMs = Math.min(
      nowMs + overlapSeconds * 1000,
      old.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
    )
    await work
      .update(apiKeys)
      .set({
        replacedBy: issued.id,
        expiresAt: new Date(oldEndsMs),
        ...(overlapSeconds === 0 ? { revokedAt: new Date(nowMs) } : {}),
      })
      .where(eq(apiKeys.id, id))
    await tellAccessChanged(work, { kind: 'key', id })
    return issued
  })
}
