import { sql } from 'drizzle-orm'
import type { AccountRole } from '../../domain/access/actor.ts'
import { type ActorContext, isBounded, requireUser } from './require-user.ts'

export interface MyAccount {
  readonly membershipId: string
  readonly accountId: string
  readonly accountName: string
  readonly accountHandle: string
  readonly personal: boolean
  readonly role: AccountRole
}

/** The accounts that the actor belongs to. A key for one workspace sees that workspace's, and a bounded key is a mere member. */
export async function listMyAccounts(ctx: ActorContext): Promise<readonly MyAccount[]> {
  const actor = requireUser(ctx)
  const rows = await ctx.db.orm.execute<Record<keyof MyAccount, unknown>>(sql`
    select am.id as "membershipId", a.id as "accountId", a.name as "accountName", a.handle as "accountHandle",
      a.personal_user_id is not null as personal, am.role
    from account_memberships am join accounts a on a.id = am.account_id
    where am.user_id = ${actor.userId}
      and (${actor.onlyWorkspaceId}::uuid is null
        or exists (select from workspaces w where w.id = ${actor.onlyWorkspaceId}::uuid and w.account_id = a.id))
    order by a.handle`)
  // The columns above are the interface's, one by one.
  const accounts = [...rows] as unknown as MyAccount[]
  return isBounded(actor) ? accounts.map((account) => ({ ...account, role: 'member' })) : accounts
}
