import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { workspaces } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Context } from '../context.ts'
import { requireUser } from '../users/require-user.ts'
import { type AccountContext, requirePermission } from './account-context.ts'

export interface Workspace {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly handle: string
  readonly description: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

export const workspaceColumns = {
  id: workspaces.id,
  accountId: workspaces.accountId,
  name: workspaces.name,
  handle: workspaces.handle,
  description: workspaces.description,
  createdAt: workspaces.createdAt,
  updatedAt: workspaces.updatedAt,
}

export interface ListWorkspacesInput {
  readonly ids?: readonly string[]
  readonly handles?: readonly string[]
  readonly limit: number
  readonly offset: number
}

/** The account's workspaces that the actor may enter, by handle. */
export async function listWorkspaces(
  ctx: AccountContext,
  input: ListWorkspacesInput,
): Promise<readonly Workspace[]> {
  requirePermission(ctx, 'read:workspace')
  const actor = requireUser(ctx)
  const isOpen = sql`exists (select from workspace_memberships wm where wm.workspace_id = ${workspaces.id} and wm.user_id = ${actor.userId})`
  // By the user's own role: a bounded key is a mere member of the account, and still enters what its user owns.
  const ownsAll = sql`exists (select from account_memberships am where am.account_id = ${workspaces.accountId} and am.user_id = ${actor.userId} and am.role in ('owner', 'admin'))`
  return ctx.db.orm
    .select(workspaceColumns)
    .from(workspaces)
    .where(
      and(
        eq(workspaces.accountId, ctx.account.accountId),
        input.ids ? inArray(workspaces.id, [...input.ids]) : undefined,
        input.handles ? inArray(workspaces.handle, [...input.handles]) : undefined,
        actor.onlyWorkspaceId ? eq(workspaces.id, actor.onlyWorkspaceId) : undefined,
        sql`(${isOpen} or ${ownsAll})`,
      ),
    )
    .orderBy(asc(workspaces.handle))
    .limit(input.limit)
    .offset(input.offset)
}

/** The workspace that the context is in: whoever may enter it may know its name. */
export async function readWorkspace(
  ctx: Context,
): Promise<Workspace & { readonly settings: Readonly<Record<string, unknown>> }> {
  const [row] = await ctx.db.orm
    .select({ ...workspaceColumns, settings: workspaces.settings })
    .from(workspaces)
    .where(eq(workspaces.id, ctx.workspaceId))
  if (!row) throw new NotFound('Workspace')
  return row
}
