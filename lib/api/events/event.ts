import { z } from 'zod'
import { rawMembers } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import type { NewEvent } from '../../engine/engine.ts'
import { instant, uuid } from '../schemas.ts'

/** Limits of wire-contract §6.5. */
export const MAX_EVENT_BYTES = 1_500_000
const MAX_LABELS = 500
const MAX_RELATED = 100

const labelValue = z.union([z.string().max(100_000), z.null().transform(() => '')])
const resource = z
  .record(z.string().max(1_000), labelValue)
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, { message: `at most ${MAX_LABELS} labels` })
  .refine((labels) => Boolean(labels['prefect.resource.id']), {
    message: 'needs the label prefect.resource.id',
  })

const related = resource.refine((labels) => Boolean(labels['prefect.resource.role']), {
  message: 'needs the label prefect.resource.role',
})

export const eventBody = z.object({
  id: uuid,
  event: z.string().min(1).max(1_024),
  occurred: instant,
  follows: uuid.nullish(),
  resource,
  related: z.array(related).max(MAX_RELATED).nullish(),
  payload: z.record(z.string(), z.unknown()).nullish(),
})

/** An event for the engine. `raw` is the exact text of the event: it is stored whole, and cut where it is read. */
export const newEvent = (event: z.output<typeof eventBody>, raw: string): NewEvent => ({
  id: event.id,
  event: event.event,
  occurredMicros: event.occurred,
  follows: event.follows ?? null,
  resource: event.resource,
  related: event.related ?? [],
  payload: event.payload ?? {},
  // Safe: it was parsed.
  body: raw as RawJson,
})

/** An event as it is stored, in whichever of the two ways it was read. */
export interface StoredEvent {
  readonly id: string
  readonly occurredAt: string
  readonly receivedAt: string
  readonly event: string
  readonly follows: string | null
  readonly body: string
}

/** JSON text of a received event as the wire has it; resource, related and payload go through as they came. */
export function eventJson(event: StoredEvent, accountId: string, workspaceId: string): string {
  const [resource, related, payload] = rawMembers(event.body, ['resource', 'related', 'payload'])
  const listed = related === undefined || related === 'null' ? '[]' : related
  const carried = payload === undefined || payload === 'null' ? '{}' : payload
  return `{"id":"${event.id}","account":"${accountId}","workspace":"${workspaceId}","occurred":"${event.occurredAt}","received":"${event.receivedAt}","event":${JSON.stringify(event.event)},"follows":${event.follows ? `"${event.follows}"` : 'null'},"resource":${resource ?? '{}'},"related":${listed},"payload":${carried}}`
}
