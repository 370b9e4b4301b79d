import type { RawJson } from '../../domain/state.ts'
import { happenedOf } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Turn } from '../../engine/presence-writes.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { recordPoolStatus } from '../work-pools/work-pool-event.ts'
import { workQueueEvent } from '../work-queues/work-queue-event.ts'

/** Tells of pools, queues and deployments that came to be ready or no longer are, and of workers that came or went. */
export async function recordTurns(
  { engine, nowMicros }: { readonly engine: Engine; readonly nowMicros: () => number },
  turns: readonly Turn[],
): Promise<void> {
  await Promise.all(
    turns.map(async (turn) => {
      const ctx = { workspaceId: turn.workspaceId, nowMicros }
      switch (turn.noun) {
        case 'work-pool':
          return recordPoolStatus(ctx, engine, turn)
        case 'work-queue':
          return void (await recordObjectEvent(ctx, engine, workQueueEvent(happenedOf[turn.status], turn)))
        case 'deployment':
          return void (await recordObjectEvent(ctx, engine, {
            noun: 'deployment',
            happened: happenedOf[turn.status],
            id: turn.id,
            name: turn.name,
            related: {
              [`prefect.flow.${turn.flowId}`]: 'flow',
              ...(turn.workQueueId ? { [`prefect.work-queue.${turn.workQueueId}`]: 'work-queue' } : {}),
              ...(turn.workPoolId ? { [`prefect.work-pool.${turn.workPoolId}`]: 'work-pool' } : {}),
            },
            payload: '{}' as RawJson,
          }))
        case 'worker':
          return engine.announce(turn.workspaceId, [
            { kind: 'object', noun: 'worker', id: turn.id, happened: 'updated' },
          ])
      }
    }),
  )
}
