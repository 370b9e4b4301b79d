import { sql } from 'drizzle-orm'
import type { Database } from '../../db/clients.ts'
import type { AccountRole, WorkspaceRole } from '../../domain/access/actor.ts'

export interface WorkspacePlace {
  readonly id: string
  readonly handle: string
  readonly name: string
  readonly accountId: string
  readonly accountHandle: string
  readonly accountName: string
  readonly personal: boolean
  readonly accountRole: AccountRole
  readonly role: WorkspaceRole
}

/** Every workspace that a user may enter, by account and handle; the personal account first. */
export async function listPlaces(db: Database, userId: string): Promise<readonly WorkspacePlace[]> {
  const rows = await db.orm.execute<Record<keyof WorkspacePlace, unknown>>(sql`
    select w.id, w.handle, w.name, a.id as "accountId", a.handle as "accountHandle", a.name as "accountName",
      coalesce(a.personal_user_id = ${userId}, false) as personal, m.role as "accountRole",
      case when m.role in ('owner', 'admin') then 'owner' else wm.role end as role
    from account_memberships m
    join accounts a on a.id = m.account_id
    join workspaces w on w.account_id = a.id
    left join workspace_memberships wm on wm.workspace_id = w.id and wm.user_id = m.user_id
    where m.user_id = ${userId} and (m.role in ('owner', 'admin') or wm.role is not null)
    order by personal desc, a.handle, w.handle limit 1000`)
  // The columns above are the interface's, one by one.
  return rows as unknown as WorkspacePlace[]
}
