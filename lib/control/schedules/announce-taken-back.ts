import { actorName } from '../../domain/access/actor.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'

/** Pages that show scheduled runs hear that they are gone. Called after the COMMIT. */
export function announceTakenBack(ctx: Context, engine: Engine, ids: readonly string[]): void {
  if (ids.length === 0) return
  const by = actorName(ctx.actor)
  engine.announce(
    ctx.workspaceId,
    ids.map((id) => ({ kind: 'deleted', noun: 'flow-run', id, by })),
  )
}
