import { and, eq, sql } from 'drizzle-orm'
import { accountMemberships } from '../../db/schema/identity.ts'
import { Conflict, NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUnbounded } from './require-user.ts'
import { tellAccessChanged } from './unit-of-work.ts'

/** Gives up the actor's membership of an account, and with it all access to its workspaces. The last owner cannot. */
export async function leaveAccount(
  ctx: ActorContext,
  { accountId }: { readonly accountId: string },
): Promise<void> {
  const { userId } = requireUnbounded(ctx)
  await ctx.db.orm.transaction(async (work) => {
    // All owners are locked, so that of two who leave at once one stays.
    const owners = await work
      .select({ userId: accountMemberships.userId })
      .from(accountMemberships)
      .where(and(eq(accountMemberships.accountId, accountId), eq(accountMemberships.role, 'owner')))
      .for('update')
    if (owners.length === 1 && owners[0]?.userId === userId) {
      throw new Conflict(
        'You are the last owner of this account. Make somebody else an owner first, or delete it.',
      )
    }
    const [left] = await work
      .delete(accountMemberships)
      .where(and(eq(accountMemberships.accountId, accountId), eq(accountMemberships.userId, userId)))
      .returning({ id: accountMemberships.id })
    if (!left) throw new NotFound('Account')
    await work.execute(sql`
      delete from workspace_memberships m using workspaces w
      where w.id = m.workspace_id and w.account_id = ${accountId} and m.user_id = ${userId}`)
    await tellAccessChanged(work, { kind: 'user', id: userId })
  })
}
