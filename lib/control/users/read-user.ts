import { eq } from 'drizzle-orm'
import { accounts, userIdentities, users } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUser } from './require-user.ts'
import { namesOf, readUserSettings, type StoredUserSettings } from './user-profile.ts'

export interface User {
  readonly id: string
  readonly actorId: string
  readonly handle: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string | null
  readonly imageUrl: string | null
  readonly settings: StoredUserSettings
  readonly personalAccountId: string | null
  /** `github|1234`; null for somebody who never signed in. */
  readonly providerUserId: string | null
  readonly lastLoginAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** The actor's own user. Anybody else's id is not found. */
export async function readUser(ctx: ActorContext, { id }: { readonly id: string }): Promise<User> {
  const actor = requireUser(ctx)
  if (id !== actor.userId) throw new NotFound('User')
  const [row] = await ctx.db.orm
    .select({ user: users, personalAccountId: accounts.id })
    .from(users)
    .leftJoin(accounts, eq(accounts.personalUserId, users.id))
    .where(eq(users.id, id))
  if (!row) throw new NotFound('User')
  const identities = await ctx.db.orm.select().from(userIdentities).where(eq(userIdentities.userId, id))
  const signedIn = identities.find(({ provider }) => provider !== 'github-invited')
  const { user } = row
  const settings = readUserSettings(user.settings)
  const { first, last } = namesOf(user.name, settings)
  return {
    id: user.id,
    actorId: user.actorId,
    handle: user.handle,
    firstName: first,
    lastName: last,
    email: user.email,
    imageUrl: user.imageUrl,
    settings,
    personalAccountId: row.personalAccountId,
    providerUserId: signedIn ? `${signedIn.provider}|${signedIn.providerAccountId}` : null,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
  }
}
