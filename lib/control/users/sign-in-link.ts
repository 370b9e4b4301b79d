import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, isNull, lt } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { signInLinks } from '../../db/schema/identity.ts'
import { recordSignIn } from './record-sign-in.ts'
import { type ProviderProfile, signUp } from './sign-up.ts'

export const signInLinkMinutes = 15

const hash = (token: string): Buffer => createHash('sha256').update(token).digest()

const localProfile: ProviderProfile = {
  provider: 'local',
  providerAccountId: 'local',
  login: 'local',
  name: 'Local user',
  email: null,
  verifiedEmails: [],
  imageUrl: null,
}

/**
 * A URL that signs the local user in, once and within 15 minutes, as notebook servers print one.
 *
 * Only for a server that is bound to loopback and has no GitHub credentials: whoever sees the URL may use it.
 */
export async function createSignInLink(db: Database, origin: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = Date.now()
  await db.orm.delete(signInLinks).where(lt(signInLinks.expiresAt, new Date(now)))
  await db.orm
    .insert(signInLinks)
    .values({ tokenHash: hash(token), expiresAt: new Date(now + signInLinkMinutes * 60_000) })
  return `${origin.replace(/\/+$/, '')}/sign-in/local?token=${token}`
}

/** Uses the link up and answers the local user, whom the first use makes. null: used, expired or never made. */
export async function redeemSignInLink(db: Database, token: string): Promise<string | null> {
  const now = new Date()
  const [used] = await db.orm
    .update(signInLinks)
    .set({ usedAt: now })
    .where(
      and(eq(signInLinks.tokenHash, hash(token)), isNull(signInLinks.usedAt), gt(signInLinks.expiresAt, now)),
    )
    .returning({ at: signInLinks.usedAt })
  if (!used) return null
  const { userId } = await signUp(db, localProfile)
  await recordSignIn(db, userId, localProfile)
  return userId
}
