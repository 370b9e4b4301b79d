import type { Queryable } from '../../db/clients.ts'
import type { EventPlace } from '../../domain/automations/window.ts'
import type { RawJson } from '../../domain/state.ts'
import { parseInstant } from '../../domain/time.ts'
import type { NewEvent } from '../../engine/engine.ts'
import { DEPTH_LABEL } from './evaluate-workspace.ts'
import type { StepContext } from './steps.ts'

type Labels = Readonly<Record<string, string>>

/** An event to be told, as it can be kept until it is. */
export interface Told {
  readonly id: string
  readonly event: string
  readonly occurredMicros: number
  readonly follows: string | null
  readonly resource: Labels
  readonly related: readonly Labels[]
  readonly payload: RawJson
}

export const newEventOf = (told: Told): NewEvent => ({
  id: told.id,
  event: told.event,
  occurredMicros: told.occurredMicros,
  follows: told.follows,
  resource: told.resource,
  related: told.related,
  payload: JSON.parse(told.payload) as Record<string, unknown>,
  // Safe: joined of JSON texts.
  body: `{"resource":${JSON.stringify(told.resource)},"related":${JSON.stringify(told.related)},"payload":${told.payload}}` as RawJson,
})

/** An event that was stored, whole and as templates and actions look at it. */
export interface SourceEvent {
  readonly place: EventPlace
  readonly resource: Labels
  readonly related: readonly Labels[]
  /** As the wire has it. */
  readonly json: RawJson
}

/** null: it is gone, or there never was one. */
export async function readEvent(
  sql: Queryable,
  workspaceId: string,
  place: EventPlace | null,
): Promise<SourceEvent | null> {
  if (place === null) return null
  const [row] = await sql<{ event: string; follows: string | null; receivedAt: string; body: RawJson }[]>`
    select event, follows, received_at, event_body(e) as body from events e
    where workspace_id = ${workspaceId} and occurred_at = ${place.at} and id = ${place.id}`
  if (!row) return null
  const { resource, related } = JSON.parse(row.body) as { resource: Labels; related?: readonly Labels[] }
  const head = JSON.stringify({
    id: place.id,
    occurred: place.at,
    received: row.receivedAt,
    event: row.event,
    follows: row.follows,
  })
  const json = `${head.slice(0, -1)},${row.body.trim().slice(1)}` as RawJson
  return { place, resource, related: related ?? [], json }
}

/** The same of an event that is yet to be stored. */
export const asSource = (told: Told, at: string): SourceEvent => ({
  place: { id: told.id, at },
  resource: told.resource,
  related: told.related,
  json: `${JSON.stringify({
    id: told.id,
    occurred: at,
    received: at,
    event: told.event,
    follows: told.follows,
    resource: told.resource,
    related: told.related,
  }).slice(0, -1)},"payload":${told.payload}}` as RawJson,
})

const FIVE_MINUTES = 300 * 1e6
/** Larger events are told of by their id alone, since events end at 1.5 MB. */
const MAX_EVENT_CHARACTERS = 500_000

interface FiredStep {
  readonly automationId: string
  readonly firingId: string
  readonly context: StepContext
}

const automationResource = ({ automationId, context }: FiredStep): Record<string, string> => ({
  'prefect.resource.id': `prefect.automation.${automationId}`,
  'prefect.resource.name': context.name,
  ...(context.posture ? { 'prefect.posture': context.posture } : {}),
  [DEPTH_LABEL]: String(context.depth),
})

const role = (id: string, its: string): Labels => ({
  'prefect.resource.id': id,
  'prefect.resource.role': its,
})

const followsOf = (source: SourceEvent | null, atMicros: number): string | null =>
  source && Math.abs(atMicros - (parseInstant(source.place.at) ?? 0)) < FIVE_MINUTES ? source.place.id : null

/** `prefect.automation.triggered`. Its id is the firing's. */
export function firingTold(step: FiredStep, source: SourceEvent | null): Told {
  const { context, firingId } = step
  const occurredMicros = parseInstant(context.firedAt) ?? 0
  const whole = source && source.json.length <= MAX_EVENT_CHARACTERS ? source.json : 'null'
  return {
    id: firingId,
    event: 'prefect.automation.triggered',
    occurredMicros,
    follows: followsOf(source, occurredMicros),
    resource: automationResource(step),
    related: context.event ? [role(`prefect.event.${context.event.id}`, 'triggering-event')] : [],
    payload: `{"triggering_labels":${JSON.stringify(context.labels)},"triggering_event":${whole}}` as RawJson,
  }
}

export interface ActionOutcome {
  readonly actionType: string
  /** Resource ids with their roles: what it was done to, and what came of it. */
  readonly related: readonly (readonly [id: string, role: string])[]
  /** null: it was done. */
  readonly failedBecause: string | null
}

/** `prefect.automation.action.triggered`, with `.executed` or `.failed` after it. */
export function outcomeTold(
  step: FiredStep & { readonly id: string },
  outcome: ActionOutcome,
  nowMicros: number,
  makeId: () => string,
): readonly Told[] {
  const { context, firingId, id } = step
  const firedMicros = parseInstant(context.firedAt) ?? 0
  const shared = {
    resource: { ...automationResource(step), 'prefect.trigger-type': context.triggerType },
    related: [
      ...outcome.related.map(([resourceId, its]) => role(resourceId, its)),
      role(`prefect.event.${firingId}`, 'automation-triggered-event'),
      ...(context.event ? [role(`prefect.event.${context.event.id}`, 'triggering-event')] : []),
    ],
  }
  const payload = { action_index: context.index, action_type: outcome.actionType, invocation: id }
  const triggered: Told = {
    ...shared,
    id: makeId(),
    event: 'prefect.automation.action.triggered',
    occurredMicros: firedMicros,
    follows: Math.abs(nowMicros - firedMicros) < FIVE_MINUTES ? firingId : null,
    payload: JSON.stringify(payload) as RawJson,
  }
  const { failedBecause } = outcome
  return [
    triggered,
    {
      ...shared,
      id: makeId(),
      event: `prefect.automation.action.${failedBecause === null ? 'executed' : 'failed'}`,
      occurredMicros: nowMicros,
      follows: triggered.id,
      payload: JSON.stringify(
        failedBecause === null ? payload : { ...payload, reason: failedBecause },
      ) as RawJson,
    },
  ]
}
