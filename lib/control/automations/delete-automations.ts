import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { automationEvent } from './automation-event.ts'
import { lockAutomations, tellWatches } from './write-automation.ts'

/** Throws NotFound. */
export async function deleteAutomation(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_automations')
  const gone = await removeAutomations(ctx, engine, { id })
  if (gone === 0) throw new NotFound('Automation')
}

/** Deletes the automations that a resource owns, if it owns any. Answers how many. */
export async function deleteOwnedAutomations(
  ctx: Context,
  engine: Engine,
  ownerResource: string,
): Promise<number> {
  requireScope(ctx, 'manage_automations')
  return removeAutomations(ctx, engine, { ownerResource })
}

/** The same for verbs that have checked who asks. */
export async function removeAutomations(
  ctx: Context,
  engine: Engine,
  which: { readonly id: string; readonly isPolicy?: true } | { readonly ownerResource: string },
): Promise<number> {
  const { workspaceId } = ctx
  const gone = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const its =
      'id' in which
        ? sql`a.id = ${which.id} ${which.isPolicy ? sql`and a.policy is not null` : sql``}`
        : sql`a.owner_resource = ${which.ownerResource}`
    // Every deployment asks; few own any, and those need no lock.
    const [any] =
      await sql`select from automations a where a.workspace_id = ${workspaceId} and ${its} limit 1`
    if (!any) return []
    await lockAutomations(sql, workspaceId)
    const rows = await sql<AutomationRow[]>`
      delete from automations a where a.workspace_id = ${workspaceId} and ${its} returning ${automationColumns(sql)}`
    await tellWatches(sql, workspaceId)
    return rows
  })
  if (gone.length > 0) engine.expireWatch()
  for (const row of gone) await recordObjectEvent(ctx, engine, automationEvent('deleted', row))
  return gone.length
}
