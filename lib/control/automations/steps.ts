import type { Transaction } from '../../db/clients.ts'
import type { AutomationRow } from '../../db/rows/automation.ts'
import type { AutomationFiring, Firing } from '../../domain/automations/evaluate.ts'
import { actionJson, readActions } from '../../domain/automations/stored-actions.ts'
import { triggersIn } from '../../domain/automations/trigger.ts'
import type { EventPlace } from '../../domain/automations/window.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { storedTrigger } from './stored-trigger.ts'

/** Why something is done: kept with it, so that it can be done when the automation is changed or gone. */
export interface StepContext {
  readonly name: string
  readonly firedAt: string
  readonly triggerId: string
  readonly triggerType: string
  readonly posture: string | null
  readonly labels: Readonly<Record<string, string>>
  /** The event that made it fire; null where it missed events and never saw any. */
  readonly event: EventPlace | null
  readonly firings: readonly Firing[]
  /** How many firings led here, this one included. */
  readonly depth: number
  /** Of the list that the action stands in. */
  readonly index: number
  /** Whether the action is about the event that tells of the firing, rather than the one that made it fire. */
  readonly isOnTrigger: boolean
}

export interface PlannedStep {
  readonly id: string
  readonly automationId: string
  readonly firingId: string
  readonly position: number
  /** null: tells of the firing. */
  readonly action: RawJson | null
  readonly context: StepContext
}

/** Automations that set each other off act so often; the next firing is told, with its actions failed, and leads nowhere. */
export const MAX_DEPTH = 8

/** What follows from a firing: it is told, then its actions are taken. `depth`: firings that led to it. */
export function planSteps(
  automation: AutomationRow,
  fired: AutomationFiring,
  depth: number,
  nowMicros: number,
  makeId: () => string,
): readonly PlannedStep[] {
  if (depth > MAX_DEPTH) return []
  const firingId = makeId()
  const trigger = storedTrigger(automation.trigger)
  const which = [...triggersIn(trigger)].find((each) => each.id === fired.triggerId)
  const context = {
    name: automation.name,
    firedAt: formatInstant(nowMicros),
    triggerId: fired.triggerId,
    triggerType: which?.type ?? trigger.type,
    posture: which?.type === 'event' ? which.posture : null,
    labels: fired.labels,
    event: fired.event,
    firings: fired.firings,
    depth: depth + 1,
  }
  const actions = [
    ...readActions(automation.actions).map((action, index) => ({ action, index, isOnTrigger: false })),
    ...readActions(automation.actionsOnTrigger).map((action, index) => ({
      action,
      index,
      isOnTrigger: true,
    })),
  ]
  return [
    { action: null, index: 0, isOnTrigger: false },
    ...actions.map((each) => ({ ...each, action: actionJson(each.action) })),
  ].map(({ action, index, isOnTrigger }, position) => ({
    id: makeId(),
    automationId: automation.id,
    firingId,
    position,
    action,
    context: { ...context, index, isOnTrigger },
  }))
}

export async function saveSteps(
  sql: Transaction,
  workspaceId: string,
  steps: readonly PlannedStep[],
): Promise<void> {
  if (steps.length === 0) return
  await sql`
    insert into automation_steps (workspace_id, id, automation_id, firing_id, position, action, context)
    select ${workspaceId}::uuid, k.id, k.automation_id, k.firing_id, k.position, k.action::json, k.context::jsonb
    from unnest(${steps.map((each) => each.id)}::uuid[], ${steps.map((each) => each.automationId)}::uuid[],
                ${steps.map((each) => each.firingId)}::uuid[], ${steps.map((each) => each.position)}::int[],
                ${steps.map((each) => each.action)}::text[], ${steps.map((each) => JSON.stringify(each.context))}::text[])
      k (id, automation_id, firing_id, position, action, context)`
}
