import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import { accountMemberships, accounts, userIdentities, users, workspaces } from '../../db/schema/identity.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { handleCandidates } from '../../domain/access/handle.ts'
import { Unavailable } from '../../domain/problem.ts'
import { invitedIdentity } from './invited-identity.ts'
import type { Work } from './unit-of-work.ts'

/** What a sign-in provider says of somebody who proved to be it. */
export interface ProviderProfile {
  readonly provider: 'github' | 'local'
  /** The provider's own id, which never changes. */
  readonly providerAccountId: string
  /** May be renamed there, and then taken by a stranger: never decides who somebody is. */
  readonly login: string
  readonly name: string
  /** The primary one if the provider verified it. */
  readonly email: string | null
  readonly verifiedEmails: readonly string[]
  readonly imageUrl: string | null
}

export interface SignedUp {
  readonly userId: string
  readonly isNew: boolean
}

/**
 * The user of a provider's identity. The first time it makes the user, a personal account, its membership and a first
 * workspace, all or nothing; somebody whom an operator named beforehand becomes that user.
 */
export async function signUp(db: Database, profile: ProviderProfile): Promise<SignedUp> {
  return db.orm.transaction(async (work) => {
    // Two tabs that come back from the provider at once must not make two users.
    await work.execute(
      sql`select pg_advisory_xact_lock(hashtextextended(${`${profile.provider} ${profile.providerAccountId}`}, 0))`,
    )
    const known = await findByIdentity(work, profile)
    if (known) return { userId: known, isNew: false }
    const invited = await acceptInvitation(work, profile)
    if (invited) return { userId: invited, isNew: false }
    const userId = await createUser(work, profile)
    await createPersonalAccount(work, userId, profile)
    return { userId, isNew: true }
  })
}

async function findByIdentity(work: Work, profile: ProviderProfile): Promise<string | undefined> {
  const [row] = await work
    .select({ userId: userIdentities.userId })
    .from(userIdentities)
    .where(
      and(
        eq(userIdentities.provider, profile.provider),
        eq(userIdentities.providerAccountId, profile.providerAccountId),
      ),
    )
  return row?.userId
}

async function acceptInvitation(work: Work, profile: ProviderProfile): Promise<string | undefined> {
  if (profile.provider !== 'github' || profile.verifiedEmails.length === 0) return undefined
  const names = profile.verifiedEmails.map((email) => invitedIdentity(profile.login, email))
  const [row] = await work
    .delete(userIdentities)
    .where(
      and(
        eq(userIdentities.provider, names[0]?.provider ?? ''),
        inArray(
          userIdentities.providerAccountId,
          names.map((name) => name.providerAccountId),
        ),
      ),
    )
    .returning({ userId: userIdentities.userId })
  if (!row) return undefined
  await addIdentity(work, row.userId, profile)
  return row.userId
}

async function createUser(work: Work, profile: ProviderProfile): Promise<string> {
  for await (const handle of freeHandles(work, profile)) {
    const [made] = await work
      .insert(users)
      .values({
        id: uuidv7(),
        actorId: uuidv7(),
        handle,
        name: profile.name,
        email: profile.email,
        imageUrl: profile.imageUrl,
      })
      .onConflictDoNothing({ target: users.handle })
      .returning({ id: users.id })
    if (!made) continue
    await addIdentity(work, made.id, profile)
    return made.id
  }
  throw noHandle(profile)
}

async function createPersonalAccount(work: Work, userId: string, profile: ProviderProfile): Promise<void> {
  for await (const handle of freeHandles(work, profile, userId)) {
    const [account] = await work
      .insert(accounts)
      .values({ id: uuidv7(), name: profile.name || profile.login, handle, personalUserId: userId })
      .onConflictDoNothing({ target: accounts.handle })
      .returning({ id: accounts.id })
    if (!account) continue
    await work
      .insert(accountMemberships)
      .values({ id: uuidv7(), accountId: account.id, userId, role: 'owner' })
    await work
      .insert(workspaces)
      .values({ id: uuidv7(), accountId: account.id, handle: 'default', name: 'Default' })
    return
  }
  throw noHandle(profile)
}

async function addIdentity(work: Work, userId: string, profile: ProviderProfile): Promise<void> {
  const { provider, providerAccountId, login } = profile
  await work.insert(userIdentities).values({ provider, providerAccountId, login, userId })
}

/** Handles that neither another user nor an account has right now, so that both can be called the same. */
async function* freeHandles(work: Work, profile: ProviderProfile, ofUser?: string): AsyncGenerator<string> {
  const candidates =
    profile.provider === 'local'
      ? ['local', ...handleCandidates('local')]
      : [...handleCandidates(profile.login)]
  const taken = await work.execute<{ handle: string }>(sql`
    select handle from accounts where handle in ${candidates}
    union select handle from users where handle in ${candidates} and id is distinct from ${ofUser ?? null}::uuid`)
  const takenHandles = new Set([...taken].map(({ handle }) => handle))
  for (const handle of candidates) if (!takenHandles.has(handle)) yield handle
}

const noHandle = (profile: ProviderProfile): Unavailable =>
  new Unavailable(
    `Every handle like ${profile.login} is taken; ask the operator of this server for another one.`,
    60,
  )
