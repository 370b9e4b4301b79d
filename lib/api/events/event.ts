import { z } from 'zod'
import { rawMembers } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { parseInstant } from '../../domain/time.ts'
import type { NewEvent } from '../../engine/engine.ts'
import { canonicalUuid, instant, uuid } from '../schemas.ts'

/** Limits of wire-contract §6.5. */
export const MAX_EVENT_BYTES = 1_500_000
const MAX_LABELS = 500
const MAX_RELATED = 100

const MAX_LABEL = 100_000
const MAX_LABEL_NAME = 1_000
const MAX_EVENT_NAME = 1_024
const labelValue = z.union([z.string().max(MAX_LABEL), z.null().transform(() => '')])
const resource = z
  .record(z.string().max(MAX_LABEL_NAME), labelValue)
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, { message: `at most ${MAX_LABELS} labels` })
  .refine((labels) => Boolean(labels['prefect.resource.id']), {
    message: 'needs the label prefect.resource.id',
  })

const related = resource.refine((labels) => Boolean(labels['prefect.resource.role']), {
  message: 'needs the label prefect.resource.role',
})

export const eventBody = z.object({
  id: uuid,
  event: z.string().min(1).max(MAX_EVENT_NAME),
  occurred: instant,
  follows: uuid.nullish(),
  resource,
  related: z.array(related).max(MAX_RELATED).nullish(),
  payload: z.record(z.string(), z.unknown()).nullish(),
})

type EventBody = z.output<typeof eventBody>
type Labels = EventBody['resource']

/** What `eventBody` makes of an event of the usual kind; null for all others. A property test holds the two together. */
export function quickEvent(value: unknown): EventBody | null {
  const event = plainObject(value)
  if (event === null) return null
  const { id, event: name, occurred, follows } = event
  if (!isUsualId(id) || typeof name !== 'string' || name === '' || name.length > MAX_EVENT_NAME) return null
  if (typeof occurred !== 'string' || occurred.length > 64) return null
  const micros = parseInstant(occurred)
  if (micros === undefined) return null
  if (follows !== null && follows !== undefined && !isUsualId(follows)) return null
  const resource = quickLabels(event.resource)
  if (resource === null) return null
  let related: Labels[] | null | undefined
  if (event.related !== null && event.related !== undefined) {
    if (!Array.isArray(event.related) || event.related.length > MAX_RELATED) return null
    related = []
    for (const item of event.related as readonly unknown[]) {
      const labels = quickLabels(item)
      if (!labels?.['prefect.resource.role']) return null
      related.push(labels)
    }
  }
  const isWithoutPayload = event.payload === null || event.payload === undefined
  const payload = isWithoutPayload ? null : plainObject(event.payload)
  if (payload === null && !isWithoutPayload) return null
  return { id, event: name, occurred: micros, follows, resource, related, payload }
}

const isUsualId = (value: unknown): value is string => typeof value === 'string' && canonicalUuid.test(value)

/** `__proto__` is left to the schema. */
const plainObject = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, '__proto__')
    ? // Safe: it came from JSON.parse, so that an object that is no array is a record.
      (value as Readonly<Record<string, unknown>>)
    : null

function quickLabels(value: unknown): Labels | null {
  const labels = plainObject(value)
  if (!labels?.['prefect.resource.id']) return null
  let count = 0
  for (const name in labels) {
    const label = labels[name]
    if (typeof label !== 'string' || label.length > MAX_LABEL || name.length > MAX_LABEL_NAME) return null
    if (++count > MAX_LABELS) return null
  }
  // Safe: every label was looked at.
  return labels as Labels
}

/** An event for the engine. `raw` is the exact text of the event: it is stored whole, and cut where it is read. */
export const newEvent = (event: EventBody, raw: string): NewEvent => ({
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
