import { and, eq, gt } from 'drizzle-orm'
import type { Adapter, AdapterUser } from 'next-auth/adapters'
import { endSessionOfToken } from '../control/users/end-session.ts'
import { hashSessionToken, openSession, type SessionOrigin } from '../control/users/open-session.ts'
import { type ProviderProfile, signUp } from '../control/users/sign-up.ts'
import type { Database } from '../db/clients.ts'
import { sessions, userIdentities, users } from '../db/schema/identity.ts'

interface AdapterOptions {
  readonly db: Database
  readonly origin: SessionOrigin
  /** Who came back from the provider in this request. */
  readonly profile: () => ProviderProfile | null
}

const columns = { id: users.id, name: users.name, email: users.email, image: users.imageUrl }

const adapterUser = (row: {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly image: string | null
}): AdapterUser => ({ ...row, email: row.email ?? '', emailVerified: null })

/** How next-auth keeps users and sessions here. One request's: it knows who came back and from where. */
export function createAdapter({ db, origin, profile }: AdapterOptions): Adapter {
  async function readUser(id: string): Promise<AdapterUser | null> {
    const [row] = await db.orm.select(columns).from(users).where(eq(users.id, id))
    return row ? adapterUser(row) : null
  }
  return {
    // User, identity, account and workspace at once: what next-auth links afterwards is then there already.
    async createUser() {
      const came = profile()
      if (!came) throw new Error('a user is made only for somebody who came back from the provider')
      const { userId } = await signUp(db, came)
      const user = await readUser(userId)
      if (!user) throw new Error('a user vanished while it signed up')
      return user
    },
    linkAccount: () => null,
    getUser: readUser,
    // Never by e-mail: anybody may write somebody else's into a profile and wait.
    getUserByEmail: () => null,
    async getUserByAccount({ provider, providerAccountId }) {
      const [row] = await db.orm
        .select(columns)
        .from(userIdentities)
        .innerJoin(users, eq(users.id, userIdentities.userId))
        .where(
          and(eq(userIdentities.provider, provider), eq(userIdentities.providerAccountId, providerAccountId)),
        )
      return row ? adapterUser(row) : null
    },
    async updateUser({ id }) {
      const user = await readUser(id)
      if (!user) throw new Error('there is no such user')
      return user
    },
    async createSession({ sessionToken, userId, expires }) {
      await openSession(db, { ...origin, userId, token: sessionToken, expiresAt: expires })
      return { sessionToken, userId, expires }
    },
    async getSessionAndUser(sessionToken) {
      const [row] = await db.orm
        .select({ ...columns, expires: sessions.expiresAt })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(
          and(eq(sessions.tokenHash, hashSessionToken(sessionToken)), gt(sessions.expiresAt, new Date())),
        )
      if (!row) return null
      const { expires, ...user } = row
      return { session: { sessionToken, userId: user.id, expires }, user: adapterUser(user) }
    },
    // Sessions end when they were said to end.
    updateSession: () => null,
    async deleteSession(sessionToken) {
      await endSessionOfToken(db, sessionToken)
    },
  }
}
