import { uuidv7 } from '../../db/uuid.ts'
import { Unavailable } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'

export interface ObjectEvent {
  readonly noun: 'variable' | 'artifact-collection'
  readonly happened: 'created' | 'updated' | 'deleted'
  readonly id: string
  readonly name: string
  /** Resource id → role. */
  readonly related?: Readonly<Record<string, string>>
  /** The whole object as it is now (or was), a JSON object. */
  readonly payload: RawJson
}

/**
 * Tells of an object that was made, changed or deleted: `prefect.variable.created` and the like (wire-contract §7.2).
 * Called after the COMMIT; settles when the event is stored.
 */
export async function recordObjectEvent(
  ctx: Context,
  engine: Engine,
  { noun, happened, id, name, related = {}, payload }: ObjectEvent,
): Promise<void> {
  const resource = { 'prefect.resource.id': `prefect.${noun}.${id}`, 'prefect.resource.name': name }
  const others = Object.entries(related).map(([relatedId, role]) => ({
    'prefect.resource.id': relatedId,
    'prefect.resource.role': role,
  }))
  const event = {
    id: uuidv7(),
    event: `prefect.${noun}.${happened}`,
    occurredMicros: ctx.nowMicros(),
    follows: null,
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
}
