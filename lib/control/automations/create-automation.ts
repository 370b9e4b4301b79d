import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { automationEvent } from './automation-event.ts'
import { requireTargets } from './check-actions.ts'
import {
  type AutomationInput,
  beginAnew,
  lockAutomations,
  planAutomation,
  tellWatches,
} from './write-automation.ts'

/**
 * From the answer on, events count. Throws NotFound for what an action selects and is not there, NotAllowed for actions that the
 * actor may not take, BadInput.
 */
export async function createAutomation(
  ctx: Context,
  engine: Engine,
  input: AutomationInput & { readonly ownerResource: string | null },
): Promise<AutomationRow> {
  requireScope(ctx, 'manage_automations')
  return makeAutomation(ctx, engine, input)
}

/** The same for verbs that have checked who asks. */
export async function makeAutomation(
  ctx: Context,
  engine: Engine,
  input: AutomationInput & { readonly ownerResource: string | null },
): Promise<AutomationRow> {
  const { workspaceId } = ctx
  const planned = planAutomation(ctx, input, input.ownerResource)
  const id = uuidv7()
  const row = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await lockAutomations(sql, workspaceId)
    await requireTargets(sql, workspaceId, [...input.actions, ...input.actionsOnTrigger])
    const now = ctx.nowMicros()
    const [made] = await sql<AutomationRow[]>`
      insert into automations as a (workspace_id, id, name, description, is_enabled, tags, trigger, actions, actions_on_trigger,
        owner_resource, related_ids, wanted_names, watches_since, created_by, policy)
      values (${workspaceId}, ${id}, ${input.name}, ${input.description}, ${input.isEnabled}, ${[...input.tags]}::text[],
        ${planned.triggerJson}::text::json, ${planned.actions}::text::json, ${planned.actionsOnTrigger}::text::json,
        ${input.ownerResource}, ${[...planned.relatedIds]}::text[], ${[...planned.wantedNames]}::text[], ${formatInstant(now)},
        ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb, ${input.policy ?? null}::text::json)
      returning ${automationColumns(sql)}`
    if (!made) throw new Error('an automation was not inserted')
    await beginAnew(sql, workspaceId, { id, isEnabled: input.isEnabled, trigger: planned.trigger }, now)
    await tellWatches(sql, workspaceId)
    return made
  })
  engine.expireWatch()
  await recordObjectEvent(ctx, engine, automationEvent('created', row))
  return row
}
