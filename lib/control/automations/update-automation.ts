import { isDeepStrictEqual } from 'node:util'
import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { automationEvent } from './automation-event.ts'
import { requireTargets } from './check-actions.ts'
import { automationById } from './read-automation.ts'
import {
  type AutomationInput,
  beginAnew,
  lockAutomations,
  planAutomation,
  tellWatches,
} from './write-automation.ts'

/** Replaces all of it but its owner, and begins to count anew. Throws as `createAutomation`, and NotFound. */
export async function updateAutomation(
  ctx: Context,
  engine: Engine,
  id: string,
  input: AutomationInput,
): Promise<AutomationRow> {
  requireScope(ctx, 'manage_automations')
  return changeAutomation(ctx, engine, id, () => input)
}

/** Whatever the order of members, which clients do not keep. */
const isSameJson = (one: RawJson, other: RawJson): boolean =>
  isDeepStrictEqual(JSON.parse(one), JSON.parse(other))

/** The same for verbs that have checked who asks: `inputOf` answers what becomes of what is there. */
export async function changeAutomation(
  ctx: Context,
  engine: Engine,
  id: string,
  inputOf: (before: AutomationRow) => AutomationInput,
): Promise<AutomationRow> {
  const { workspaceId } = ctx
  const row = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await lockAutomations(sql, workspaceId)
    const before = await automationById(sql, workspaceId, id)
    const input = inputOf(before)
    const planned = planAutomation(ctx, input, before.ownerResource)
    const doesTheSame =
      isSameJson(planned.triggerJson, before.trigger) &&
      isSameJson(planned.actions, before.actions) &&
      isSameJson(planned.actionsOnTrigger, before.actionsOnTrigger)
    const policy = input.policy ?? (doesTheSame ? before.policy : null)
    await requireTargets(sql, workspaceId, [...input.actions, ...input.actionsOnTrigger])
    const now = ctx.nowMicros()
    const [changed] = await sql<AutomationRow[]>`
      update automations a set name = ${input.name}, description = ${input.description}, is_enabled = ${input.isEnabled},
        tags = ${[...input.tags]}::text[], trigger = ${planned.triggerJson}::text::json, actions = ${planned.actions}::text::json,
        actions_on_trigger = ${planned.actionsOnTrigger}::text::json, related_ids = ${[...planned.relatedIds]}::text[],
        wanted_names = ${[...planned.wantedNames]}::text[], policy = ${policy}::text::json, watches_since = ${formatInstant(now)}, updated_at = now()
      where a.workspace_id = ${workspaceId} and a.id = ${id} returning ${automationColumns(sql)}`
    if (!changed) throw new Error('an automation went away under the lock')
    await beginAnew(sql, workspaceId, { id, isEnabled: input.isEnabled, trigger: planned.trigger }, now)
    await tellWatches(sql, workspaceId)
    return changed
  })
  engine.expireWatch()
  await recordObjectEvent(ctx, engine, automationEvent('updated', row))
  return row
}
