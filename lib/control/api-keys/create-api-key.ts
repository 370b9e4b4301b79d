import { sql } from 'drizzle-orm'
import type { UserActor, WorkspaceRole } from '../../domain/access/actor.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import { type ActorContext, requireUser } from '../users/require-user.ts'
import type { Work } from '../users/unit-of-work.ts'
import { limitKeyCreation } from './creation-limit.ts'
import { type IssuedKey, issueKey } from './issue-key.ts'
import { requireNotOutliving, requireWithinBounds } from './key-bounds.ts'

export interface CreateApiKeyInput {
  readonly name: string
  /** null: all workspaces of the user. */
  readonly workspaceId: string | null
  /** The most that the key may do; null: all that its user may. */
  readonly role: WorkspaceRole | null
  /** null: never. */
  readonly expiresAt: Date | null
}

/** Makes a key of the actor's own user, never one that may more, or lives longer, than the key that asks. The key itself is answered this once. */
export async function createApiKey(ctx: ActorContext, input: CreateApiKeyInput): Promise<IssuedKey> {
  const actor = requireUser(ctx)
  requireWithinBounds(input, actor)
  requireNotOutliving(input.expiresAt, actor)
  const name = input.name.trim()
  if (name === '') throw new BadInput('An API key needs a name, so that you know it again.')
  if (input.expiresAt && input.expiresAt.getTime() <= ctx.nowMicros() / 1000) {
    throw new BadInput(`The expiration ${input.expiresAt.toISOString()} is in the past.`)
  }
  limitKeyCreation(actor.userId)
  return ctx.db.orm.transaction(async (work) => {
    if (input.workspaceId) await requireReachable(work, actor, input.workspaceId)
    return issueKey(work, { ...input, name, userId: actor.userId })
  })
}

async function requireReachable(work: Work, actor: UserActor, workspaceId: string): Promise<void> {
  const found = await work.execute(sql`
    select 1 from workspaces w
    join account_memberships am on am.account_id = w.account_id and am.user_id = ${actor.userId}
    left join workspace_memberships wm on wm.workspace_id = w.id and wm.user_id = am.user_id
    where w.id = ${workspaceId} and (am.role in ('owner', 'admin') or wm.role is not null)`)
  if (found.length === 0) throw new NotFound('Workspace')
}
