import { and, eq, or } from 'drizzle-orm'
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
import { BadInput, Conflict } from '../../domain/problem.ts'
import { type IssuedKey, issueKey } from '../api-keys/issue-key.ts'
import { invitedIdentity } from '../users/invited-identity.ts'
import { tellAccessChanged, type Work } from '../users/unit-of-work.ts'

export interface BootstrapInput {
  /** A GitHub login, or any name that makes a handle. */
  readonly userLogin: string
  readonly email: string
  readonly accountHandle: string
  readonly workspaceHandle: string
  /**
   * What the user is from now on, a member already or not. Default: owner of an account that is made now, member of one that
   * was there; a member keeps the role it has.
   */
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
  /** What the user was in the account until now; null: no member. */
  readonly accountRoleBefore: AccountRole | null
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
 * one more key. Throws BadInput for a handle that cannot be taken, and Conflict rather than leave an account without an owner.
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
    const { role: accountRole, before: accountRoleBefore } = await join(
      work,
      { ...account, handle: accountHandle },
      { id: userId, handle: userHandle },
      input.accountRole,
    )
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
      accountRoleBefore,
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
  account: { readonly id: string; readonly handle: string; readonly made: boolean },
  user: { readonly id: string; readonly handle: string },
  wanted: AccountRole | undefined,
): Promise<{ readonly role: AccountRole; readonly before: AccountRole | null }> {
  if (account.made && wanted !== undefined && wanted !== 'owner')
    throw new Conflict(
      `${account.handle} is a new account, and whoever makes one owns it: make it with its owner, then ${user.handle} can join as ${wanted}.`,
    )
  const [joined] = await work
    .insert(accountMemberships)
    .values({
      id: uuidv7(),
      accountId: account.id,
      userId: user.id,
      role: wanted ?? (account.made ? 'owner' : 'member'),
    })
    .onConflictDoNothing()
    .returning({ role: accountMemberships.role })
  if (joined) return { role: joined.role, before: null }
  // All are locked that a change may depend on, so that of two owners who are demoted at once one stays.
  const peers = await work
    .select({ userId: accountMemberships.userId, role: accountMemberships.role })
    .from(accountMemberships)
    .where(
      and(
        eq(accountMemberships.accountId, account.id),
        or(eq(accountMemberships.userId, user.id), eq(accountMemberships.role, 'owner')),
      ),
    )
    .orderBy(accountMemberships.userId)
    .for('update')
  const before = peers.find((peer) => peer.userId === user.id)?.role
  if (!before) throw new Error('a membership that was in the way is gone; run the command again')
  if (wanted === undefined || wanted === before) return { role: before, before }
  if (before === 'owner' && !peers.some((peer) => peer.role === 'owner' && peer.userId !== user.id))
    throw new Conflict(
      `${user.handle} is the last owner of ${account.handle} and stays one: make another user an owner first, then ${user.handle} can become ${wanted}.`,
    )
  await work
    .update(accountMemberships)
    .set({ role: wanted })
    .where(and(eq(accountMemberships.accountId, account.id), eq(accountMemberships.userId, user.id)))
  return { role: wanted, before }
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
