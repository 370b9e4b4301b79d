import { sql } from 'drizzle-orm'
import { type ActorContext, requireUser } from './require-user.ts'

export interface MyWorkspace {
  readonly accountId: string
  readonly accountName: string
  readonly accountHandle: string
  readonly workspaceId: string
  readonly workspaceName: string
  readonly workspaceDescription: string
  readonly workspaceHandle: string
}

/** Every workspace that the actor may enter, by account and handle. A key for one workspace sees that one. */
export async function listMyWorkspaces(ctx: ActorContext): Promise<readonly MyWorkspace[]> {
  const actor = requireUser(ctx)
  const rows = await ctx.db.orm.execute<Record<keyof MyWorkspace, string>>(sql`
    select a.id as "accountId", a.name as "accountName", a.handle as "accountHandle", w.id as "workspaceId",
      w.name as "workspaceName", w.description as "workspaceDescription", w.handle as "workspaceHandle"
    from account_memberships am
    join accounts a on a.id = am.account_id
    join workspaces w on w.account_id = a.id
    left join workspace_memberships wm on wm.workspace_id = w.id and wm.user_id = am.user_id
    where am.user_id = ${actor.userId} and (am.role in ('owner', 'admin') or wm.role is not null)
      and (${actor.onlyWorkspaceId}::uuid is null or w.id = ${actor.onlyWorkspaceId}::uuid)
    order by a.handle, w.handle`)
  return [...rows]
}
