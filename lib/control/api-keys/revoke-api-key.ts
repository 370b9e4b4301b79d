import { and, eq, isNull } from 'drizzle-orm'
import { apiKeys } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUser } from '../users/require-user.ts'
import { tellAccessChanged } from '../users/unit-of-work.ts'
import { readApiKey } from './list-api-keys.ts'

/** Ends a key of the actor's own user at once: every replica refuses it, and cuts its open connections, within a second. */
export async function revokeApiKey(ctx: ActorContext, { id }: { readonly id: string }): Promise<void> {
  const actor = requireUser(ctx)
  await readApiKey(ctx, { id })
  await ctx.db.orm.transaction(async (work) => {
    const [revoked] = await work
      .update(apiKeys)
      .set({ revokedAt: new Date(ctx.nowMicros() / 1000) })
      .where(and(eq(apiKeys.userId, actor.userId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id })
    if (!revoked) throw new NotFound('API key')
    await tellAccessChanged(work, { kind: 'key', id })
  })
}
