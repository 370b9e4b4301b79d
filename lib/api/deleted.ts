import { actorName } from '../domain/access/actor.ts'
import type { DeletedChange } from '../domain/change.ts'
import type { Call } from './route.ts'

/** Tells pages that still show them, after the deletion has committed. */
export function announceDeleted(
  {
    services,
    workspaceId,
    actor,
  }: Pick<Call<unknown, unknown, unknown>, 'services' | 'workspaceId' | 'actor'>,
  noun: DeletedChange['noun'],
  ids: readonly string[],
): void {
  if (ids.length === 0) return
  const by = actorName(actor)
  // By the engine, which tells other replicas too.
  services.engine.announce(
    workspaceId,
    ids.map((id) => ({ kind: 'deleted', noun, id, by })),
  )
}
