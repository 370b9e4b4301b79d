import { createHash, randomBytes } from 'node:crypto'
import { and, eq, lte } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { sessions } from '../../db/schema/identity.ts'
import { uuidv7 } from '../../db/uuid.ts'

export const sessionDays = 30

/** Where a session began: shown to its user, who may then end one that is not theirs. */
export interface SessionOrigin {
  readonly ipAddress: string | null
  readonly userAgent: string | null
}

export const newSessionToken = (): string => randomBytes(32).toString('base64url')
export const hashSessionToken = (token: string): Buffer => createHash('sha256').update(token).digest()
export const sessionEnd = (): Date => new Date(Date.now() + sessionDays * 86_400_000)

/** Keeps the hash of the token; the token itself lives in the browser's cookie only. */
export async function openSession(
  db: Database,
  input: SessionOrigin & { readonly userId: string; readonly token: string; readonly expiresAt: Date },
): Promise<void> {
  // Those that ended by themselves go when their user next comes by.
  await db.orm
    .delete(sessions)
    .where(and(eq(sessions.userId, input.userId), lte(sessions.expiresAt, new Date())))
  await db.orm.insert(sessions).values({
    id: uuidv7(),
    tokenHash: hashSessionToken(input.token),
    userId: input.userId,
    expiresAt: input.expiresAt,
    ipAddress: input.ipAddress?.slice(0, 100) ?? null,
    userAgent:
      input.userAgent
        ?.toWellFormed()
        .replace(/\p{Cc}+/gu, ' ')
        .slice(0, 500) ?? null,
  })
}
