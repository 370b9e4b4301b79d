import type { Creator } from '../db/rows/work-pool.ts'
import type { Actor } from '../domain/access/actor.ts'

/** Who made an object, as the wire tells it. */
export const creatorOf = (actor: Actor): Creator =>
  actor.kind === 'user'
    ? { id: actor.actorId, type: 'USER', display_value: actor.handle }
    : actor.automation
      ? { id: actor.automation.id, type: 'AUTOMATION', display_value: actor.automation.name }
      : { id: null, type: 'SYSTEM', display_value: actor.service }
