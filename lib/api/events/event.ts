import { z } from 'zod'
import { rawMember } from '../../domain/raw-json.ts'
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

/** An event for the engine. `raw` is the exact text of the event, out of which its stored parts are cut. */
export function newEvent(event: z.output<typeof eventBody>, raw: string): NewEvent {
  const part = (name: string, absent: string): string => {
    const text = rawMember(raw, name)
    return text === undefined || text === 'null' ? absent : text
  }
  return {
    id: event.id,
    event: event.event,
    occurredMicros: event.occurred,
    follows: event.follows ?? null,
    resource: event.resource,
    related: event.related ?? [],
    payload: event.payload ?? {},
    // Safe: joined of JSON texts.
    body: `{"resource":${part('resource', '{}')},"related":${part('related', '[]')},"payload":${part('payload', '{}')}}` as RawJson,
  }
}
