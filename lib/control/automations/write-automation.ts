import type { Transaction } from '../../db/clients.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { type Action, selectedBy } from '../../domain/automations/action.ts'
import { Evaluation, watch } from '../../domain/automations/evaluate.ts'
import { whatLoops } from '../../domain/automations/refuse-loops.ts'
import { actionsJson } from '../../domain/automations/stored-actions.ts'
import { type Trigger, type UnnamedTrigger, wantedNames, withIds } from '../../domain/automations/trigger.ts'
import { BadInput } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Context } from '../context.ts'
import { checkActions } from './check-actions.ts'
import { saveEvaluation } from './stored-windows.ts'

/** An automation as somebody wants it. */
export interface AutomationInput {
  readonly name: string
  readonly description: string
  readonly isEnabled: boolean
  readonly tags: readonly string[]
  readonly trigger: UnnamedTrigger
  readonly actions: readonly Action[]
  /** Done to the event that tells of the firing. */
  readonly actionsOnTrigger: readonly Action[]
  /** The notification policy that it is, in the words of the wire. Absent: it is none; one that was stays one while it does the same. */
  readonly policy?: RawJson
}

/** The columns of an automation that follow from what is wanted. */
export interface PlannedAutomation {
  readonly trigger: Trigger
  readonly triggerJson: RawJson
  readonly actions: RawJson
  readonly actionsOnTrigger: RawJson
  readonly wantedNames: readonly string[]
  readonly relatedIds: readonly string[]
}

/** Throws NotAllowed for actions that the actor may not take itself, BadInput for what would never end or never work. */
export function planAutomation(
  ctx: Context,
  { trigger: given, actions, actionsOnTrigger }: AutomationInput,
  ownerResource: string | null,
): PlannedAutomation {
  const all = [...actions, ...actionsOnTrigger]
  checkActions(ctx, all)
  const trigger = withIds(given, uuidv7)
  const loop = whatLoops(trigger, all)
  if (loop) throw new BadInput(loop)
  const selected = all.flatMap((action) => {
    const target = selectedBy(action)
    return target ? [`prefect.${target.noun}.${target.id}`] : []
  })
  return {
    trigger,
    triggerJson: JSON.stringify(trigger) as RawJson,
    actions: actionsJson(actions),
    actionsOnTrigger: actionsJson(actionsOnTrigger),
    wantedNames: wantedNames(trigger),
    relatedIds: [...new Set([...(ownerResource ? [ownerResource] : []), ...selected])],
  }
}

/** Taken before automations are changed: whoever evaluates them holds it too. */
export const lockAutomations = (sql: Transaction, workspaceId: string): Promise<unknown> => sql`
  insert into automation_watches (workspace_id, names, changed_at) values (${workspaceId}, '{}', clock_timestamp())
  on conflict (workspace_id) do update set changed_at = excluded.changed_at`

/** Tells every process which events are wanted now. */
export const tellWatches = (sql: Transaction, workspaceId: string): Promise<unknown> => sql`
  update automation_watches w set names = array(
    select distinct wanted.name from automations a, unnest(a.wanted_names) wanted (name)
    where a.workspace_id = ${workspaceId} and a.is_enabled)
  where w.workspace_id = ${workspaceId}`

/** Forgets what was counted, and begins anew where the automation watches. */
export async function beginAnew(
  sql: Transaction,
  workspaceId: string,
  { id, isEnabled, trigger }: { readonly id: string; readonly isEnabled: boolean; readonly trigger: Trigger },
  nowMicros: number,
): Promise<void> {
  await sql`delete from automation_windows where workspace_id = ${workspaceId} and automation_id = ${id}`
  await sql`delete from automation_parts where workspace_id = ${workspaceId} and automation_id = ${id}`
  if (!isEnabled) return
  const evaluation = new Evaluation([], [])
  evaluation.begin(watch(id, nowMicros, trigger), nowMicros)
  await saveEvaluation(sql, workspaceId, evaluation)
}
