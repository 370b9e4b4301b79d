import { and, eq } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import {
  accountMemberships,
  accounts,
  userIdentities,
  users,
  workspaceMemberships,
  workspaces,
} from '../../db/schema/identity.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { ownsEveryWorkspace } from '../../domain/access/account-permissions.ts'
import type { AccountRole, WorkspaceRole } from '../../domain/access/actor.ts'
import { handleFrom, handleProblem, handleShapeProblem } from '../../domain/access/handle.ts'
import { BadInput } from '../../domain/problem.ts'
import { type IssuedKey, issueKey } from '../api-keys/issue-key.ts'
import { invitedIdentity } from '../users/invited-identity.ts'
import { tellAccessChanged, type Work } from '../users/unit-of-work.ts'

export interface BootstrapInput {
  /** A GitHub login, or any name that makes a handle. */
  readonly userLogin: string
  readonly email: string
  readonly accountHandle: string
  readonly workspaceHandle: string
  /** Default: owner of an account that is made now, member of one that was there; a member keeps the role it has. */
  readonly accountRole?: AccountRole
  /** Given in the workspace, in place of the role that the user has there. */
  readonly workspaceRole?: WorkspaceRole
  /** Given to a plain member who has no role in the workspace yet: the key would open nothing else. Default: none. */
  readonly memberRole?: WorkspaceRole
  readonly keyName?: string
}

export interface BootstrappedTenant {
  readonly userId: string
  readonly userHandle: string
  readonly accountId: string
  readonly accountHandle: string
  readonly accountRole: AccountRole
  readonly workspaceId: string
  readonly workspaceHandle: string
  /** What the user may do in the workspace; null: nothing. Owners and admins of the account own it. */
  readonly workspaceRole: WorkspaceRole | null
  readonly apiKey: string
  readonly key: IssuedKey
}

/**
 * Creates or finds user, account and workspace, makes the user a member, and issues a key that never expires.
 *
 * For the operator's command and for tests: it asks nobody's permission. Called again it finds what is there and issues
 * one more key. Throws BadInput for a handle that cannot be taken.
 */
export async function bootstrapTenant(db: Database, input: BootstrapInput): Promise<BootstrappedTenant> {
  const userHandle = handleFrom(input.userLogin)
  const email = input.email.trim()
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 320) {
    throw new BadInput(
      `${JSON.stringify(email.slice(0, 80))} is not an e-mail address, such as ada@example.com.`,
    )
  }
  const accountHandle = takeable(input.accountHandle)
  const workspaceHandle = takeableInAccount(input.workspaceHandle)

  return db.orm.transaction(async (work) => {
    const userId = await findOrCreateUser(work, userHandle, input.userLogin, email)
    const account = await findOrCreateAccount(work, accountHandle)
    const accountRole = await join(work, account, userId, input.accountRole)
    const workspaceId = await findOrCreateWorkspace(work, account.id, workspaceHandle)
    const workspaceRole = await joinWorkspace(work, workspaceId, userId, accountRole, input)
    const key = await issueKey(work, {
      userId,
      name: input.keyName ?? 'bootstrap',
      workspaceId: null,
      role: null,
      expiresAt: null,
    })
    await tellAccessChanged(work, { kind: 'user', id: userId })
    return {
      userId,
      userHandle,
      accountId: account.id,
      accountHandle,
      accountRole,
      workspaceId,
      workspaceHandle,
      workspaceRole,
      apiKey: key.key,
      key,
    }
  })
}

function takeable(handle: string): string {
  const lower = handle.trim().toLowerCase()
  const problem = handleProblem(lower)
  if (problem) throw new BadInput(problem)
  return lower
}

/** A workspace's handle stands below its account's, so no word is reserved there. */
function takeableInAccount(handle: string): string {
  const lower = handle.trim().toLowerCase()
  const problem = handleShapeProblem(lower)
  if (problem) throw new BadInput(problem)
  return lower
}

async function findOrCreateUser(work: Work, handle: string, login: string, email: string): Promise<string> {
  const [made] = await work
    .insert(users)
    .values({ id: uuidv7(), actorId: uuidv7(), handle, name: login, email })
    .onConflictDoNothing({ target: users.handle })
    .returning({ id: users.id })
  if (made) {
    // The person may sign in with GitHub later and is then this user, if both the login and a verified e-mail agree.
    await work
      .insert(userIdentities)
      .values({ ...invitedIdentity(login, email), userId: made.id, login })
      .onConflictDoNothing()
    return made.id
  }
  const [found] = await work.select({ id: users.id }).from(users).where(eq(users.handle, handle))
  if (!found) throw new Error('a user that was in the way is gone; run the command again')
  return found.id
}

async function findOrCreateAccount(
  work: Work,
  handle: string,
): Promise<{ readonly id: string; readonly made: boolean }> {
  const [made] = await work
    .insert(accounts)
    .values({ id: uuidv7(), handle, name: handle })
    .onConflictDoNothing({ target: accounts.handle })
    .returning({ id: accounts.id })
  if (made) return { id: made.id, made: true }
  const [found] = await work.select({ id: accounts.id }).from(accounts).where(eq(accounts.handle, handle))
  if (!found) throw new Error('an account that was in the way is gone; run the command again')
  return { id: found.id, made: false }
}

async function join(
  work: Work,
  account: { readonly id: string; readonly made: boolean },
  userId: string,
  wanted: AccountRole | undefined,
): Promise<AccountRole> {
  const role = wanted ?? (account.made ? 'owner' : 'member')
  const [joined] = await work
    .insert(accountMemberships)
    .values({ id: uuidv7(), accountId: account.id, userId, role })
    .onConflictDoNothing()
    .returning({ role: accountMemberships.role })
  if (joined) return joined.role
  const mine = and(eq(accountMemberships.accountId, account.id), eq(accountMemberships.userId, userId))
  if (wanted) await work.update(accountMemberships).set({ role: wanted }).where(mine)
  const [kept] = await work.select({ role: accountMemberships.role }).from(accountMemberships).where(mine)
  return kept?.role ?? role
}

async function joinWorkspace(
  work: Work,
  workspaceId: string,
  userId: string,
  accountRole: AccountRole,
  { workspaceRole, memberRole }: BootstrapInput,
): Promise<WorkspaceRole | null> {
  const role = workspaceRole ?? (accountRole === 'member' ? memberRole : undefined)
  if (role) {
    const given = work.insert(workspaceMemberships).values({ workspaceId, userId, role })
    await (workspaceRole
      ? given.onConflictDoUpdate({
          target: [workspaceMemberships.workspaceId, workspaceMemberships.userId],
          set: { role },
        })
      : given.onConflictDoNothing())
  }
  if (ownsEveryWorkspace(accountRole)) return 'owner'
  const [own] = await work
    .select({ role: workspaceMemberships.role })
    .from(workspaceMemberships)
    .where(and(eq(workspaceMemberships.workspaceId, workspaceId), eq(workspaceMemberships.userId, userId)))
  return own?.role ?? null
}

async function findOrCreateWorkspace(work: Work, accountId: string, handle: string): Promise<string> {
  const [made] = await work
    .insert(workspaces)
    .values({ id: uuidv7(), accountId, handle, name: handle })
    .onConflictDoNothing({ target: [workspaces.accountId, workspaces.handle] })
    .returning({ id: workspaces.id })
  if (made) return made.id
  const [found] = await work
    .select({ id: workspaces.id })
    .from(workspaces)
    .where(and(eq(workspaces.accountId, accountId), eq(workspaces.handle, handle)))
  if (!found) throw new Error('a workspace that was in the way is gone; run the command again')
  return found.id
}
