import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { inWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { automationEvent } from './automation-event.ts'
import { automationById } from './read-automation.ts'
import { storedTrigger } from './stored-trigger.ts'
import { beginAnew, lockAutomations, tellWatches } from './write-automation.ts'

/** Events do not count while it is paused, nor what was counted before. Throws NotFound. */
export const pauseAutomation = (ctx: Context, engine: Engine, id: string): Promise<AutomationRow> =>
  switchAutomation(ctx, engine, id, false)

/** Begins to count anew. Throws NotFound. */
export const resumeAutomation = (ctx: Context, engine: Engine, id: string): Promise<AutomationRow> =>
  switchAutomation(ctx, engine, id, true)

/** One that is as it is asked to be goes on as it is, and tells nothing. */
export async function switchAutomation(
  ctx: Context,
  engine: Engine,
  id: string,
  isEnabled: boolean,
): Promise<AutomationRow> {
  requireScope(ctx, 'manage_automations')
  const { workspaceId } = ctx
  const [row, isChanged] = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await lockAutomations(sql, workspaceId)
    const old = await automationById(sql, workspaceId, id)
    if (old.isEnabled === isEnabled) return [old, false] as const
    const now = ctx.nowMicros()
    const [changed] = await sql<AutomationRow[]>`
      update automations a set is_enabled = ${isEnabled}, watches_since = ${formatInstant(now)}, updated_at = now()
      where a.workspace_id = ${workspaceId} and a.id = ${id} returning ${automationColumns(sql)}`
    if (!changed) throw new Error('an automation went away under the lock')
    await beginAnew(sql, workspaceId, { id, isEnabled, trigger: storedTrigger(old.trigger) }, now)
    await tellWatches(sql, workspaceId)
    return [changed, true] as const
  })
  if (!isChanged) return row
  engine.expireWatch()
  await recordObjectEvent(ctx, engine, automationEvent('updated', row))
  return row
}
