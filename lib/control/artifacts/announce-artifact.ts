import { actorName } from '../../domain/access/actor.ts'
import type { ObjectChange } from '../../domain/change.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'

/** To pages that show it: those of artifacts, and that of the run which made it. Events tell of the key alone, where there is one. */
export function announceArtifact(
  ctx: Pick<Context, 'workspaceId' | 'actor'>,
  engine: Engine,
  happened: ObjectChange['happened'],
  { id, flowRunId }: { readonly id: string; readonly flowRunId: string | null },
): void {
  engine.announce(ctx.workspaceId, [
    {
      kind: 'object',
      noun: 'artifact',
      id,
      happened,
      by: actorName(ctx.actor),
      ...(flowRunId === null ? {} : { flowRunId }),
    },
  ])
}
