import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { userIdentities, users } from '../../db/schema/identity.ts'
import type { ProviderProfile } from './sign-up.ts'

/**
 * Notes that a user came in, and what the provider now says of it: a renamed login, a first e-mail, a new picture. What
 * the user may have chosen here stays: handle, name and an e-mail that is there.
 */
export async function recordSignIn(db: Database, userId: string, profile: ProviderProfile): Promise<void> {
  await db.orm
    .update(userIdentities)
    .set({ login: profile.login })
    .where(
      and(
        eq(userIdentities.provider, profile.provider),
        eq(userIdentities.providerAccountId, profile.providerAccountId),
      ),
    )
  await db.orm
    .update(users)
    .set({
      lastLoginAt: new Date(),
      email: sql`coalesce(${users.email}, ${profile.email})`,
      imageUrl: sql`coalesce(${profile.imageUrl}, ${users.imageUrl})`,
      name: sql`case when ${users.name} in ('', ${profile.login}) then ${profile.name} else ${users.name} end`,
    })
    .where(eq(users.id, userId))
}
