import { and, desc, eq, gt } from 'drizzle-orm'
import { sessions } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import { endSession } from './end-session.ts'
import { type ActorContext, requireUnbounded, requireUser } from './require-user.ts'

export interface SessionRow {
  readonly id: string
  readonly userId: string
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly expiresAt: Date
}

/** The user's browsers that are signed in, newest first. */
export async function listMySessions(ctx: ActorContext): Promise<readonly SessionRow[]> {
  const actor = requireUnbounded(ctx)
  return ctx.db.orm
    .select({
      id: sessions.id,
      userId: sessions.userId,
      ipAddress: sessions.ipAddress,
      userAgent: sessions.userAgent,
      createdAt: sessions.createdAt,
      updatedAt: sessions.updatedAt,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .where(and(eq(sessions.userId, actor.userId), gt(sessions.expiresAt, new Date(ctx.nowMicros() / 1000))))
    .orderBy(desc(sessions.createdAt))
    .limit(1_000)
}

/** Signs one of the user's browsers out, wherever it is. */
export async function terminateSession(ctx: ActorContext, { id }: { readonly id: string }): Promise<void> {
  const actor = requireUnbounded(ctx)
  if (!(await endSession(ctx.db, actor.userId, id))) throw new NotFound('Session')
}

/** Signs out the browser that asks. */
export async function endMySession(ctx: ActorContext): Promise<void> {
  const actor = requireUser(ctx)
  if (actor.by.type !== 'session') throw new NotFound('Session')
  await endSession(ctx.db, actor.userId, actor.by.sessionId)
}
