import { uuidv7 } from '../../db/uuid.ts'
import { actorName } from '../../domain/access/actor.ts'
import { type LiveNoun, liveNouns } from '../../domain/change.ts'
import { Unavailable } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'

/** What events of objects are about, as in `prefect.{noun}.{id}`. */
export type ObjectNoun =
  | 'flow'
  | 'variable'
  | 'artifact-collection'
  | 'block-type'
  | 'block-document'
  | 'concurrency-limit'
  | 'deployment'
  | 'work-pool'
  | 'work-queue'
  | 'automation'

export interface ObjectEvent {
  readonly noun: ObjectNoun
  readonly happened: 'created' | 'updated' | 'deleted' | 'ready' | 'not-ready' | 'paused'
  readonly id: string
  readonly name: string
  /** Labels of the resource besides its id and name. */
  readonly labels?: Readonly<Record<string, string>>
  /** Resource id → role. */
  readonly related?: Readonly<Record<string, string>>
  /** The whole object as it is now (or was), or what was changed of it: a JSON object. */
  readonly payload: RawJson
  /** The event that this one follows. */
  readonly follows?: string | null
  /** Given by who has stored already which event told of this. */
  readonly eventId?: string
}

const isLiveNoun = (noun: string): noun is LiveNoun => (liveNouns as readonly string[]).includes(noun)

/**
 * Tells of an object that was made, changed or deleted: `prefect.variable.created` and the like (wire-contract §7.2),
 * to the event store and to pages that show it. Called after the COMMIT; answers the event's id when it is stored.
 */
export async function recordObjectEvent(
  ctx: Pick<Context, 'workspaceId' | 'nowMicros'> & Partial<Pick<Context, 'actor'>>,
  engine: Engine,
  { noun, happened, id, name, labels = {}, related = {}, payload, follows = null, eventId }: ObjectEvent,
): Promise<string> {
  if (isLiveNoun(noun)) {
    const change = happened === 'created' || happened === 'deleted' ? happened : 'updated'
    const by = ctx.actor ? { by: actorName(ctx.actor) } : {}
    engine.announce(ctx.workspaceId, [{ kind: 'object', noun, id, happened: change, ...by }])
  }
  const resource = {
    'prefect.resource.id': `prefect.${noun}.${id}`,
    'prefect.resource.name': name,
    ...labels,
  }
  const others = Object.entries(related).map(([relatedId, role]) => ({
    'prefect.resource.id': relatedId,
    'prefect.resource.role': role,
  }))
  const event = {
    id: eventId ?? uuidv7(),
    event: `prefect.${noun}.${happened}`,
    occurredMicros: ctx.nowMicros(),
    follows,
    resource,
    related: others,
    payload: JSON.parse(payload) as Record<string, unknown>,
    // Safe: joined of JSON texts.
    body: `{"resource":${JSON.stringify(resource)},"related":${JSON.stringify(others)},"payload":${payload}}` as RawJson,
  }
  try {
    await engine.receiveEvents(ctx.workspaceId, [event])
  } catch (error) {
    // What the event tells of is committed: a caller who was told to try again would be refused as a second one.
    if (!(error instanceof Unavailable)) throw error
  }
  return event.id
}
