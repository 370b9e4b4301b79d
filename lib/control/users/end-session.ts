import { and, eq, type SQL } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { sessions } from '../../db/schema/identity.ts'
import { hashSessionToken } from './open-session.ts'
import { tellAccessChanged } from './unit-of-work.ts'

async function endWhere(db: Database, condition: SQL | undefined): Promise<boolean> {
  return db.orm.transaction(async (work) => {
    const [ended] = await work.delete(sessions).where(condition).returning({ id: sessions.id })
    if (ended) await tellAccessChanged(work, { kind: 'session', id: ended.id })
    return ended !== undefined
  })
}

/** Ends a session of this user; false when there is no such session of theirs. */
export const endSession = (db: Database, userId: string, sessionId: string): Promise<boolean> =>
  endWhere(db, and(eq(sessions.userId, userId), eq(sessions.id, sessionId)))

/** Ends the session that a cookie's token opened. */
export const endSessionOfToken = (db: Database, token: string): Promise<boolean> =>
  endWhere(db, eq(sessions.tokenHash, hashSessionToken(token)))
