import type { DeploymentRow, LimitOfDeployment } from '../../db/rows/deployment.ts'
import type { Engine } from '../../engine/engine.ts'
import { wakeDeployments, wakeWaiters } from '../concurrency-limits/wake-waiters.ts'
import type { Context } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { announceTakenBack } from '../schedules/announce-taken-back.ts'
import { materialiseSchedules } from '../schedules/materialise-schedules.ts'
import { workQueueEvent } from '../work-queues/work-queue-event.ts'
import { changesOf, deploymentEvent } from './deployment-event.ts'
import type { Written } from './write-deployment.ts'

/** After a deployment was written: pages hear of it, and what its schedules now say is scheduled at once. */
export async function settleDeployment(
  ctx: Context,
  engine: Engine,
  { before, after, takenBack, queuesMade }: Written,
  created = false,
): Promise<void> {
  announceTakenBack(ctx, engine, takenBack)
  for (const queue of queuesMade) await recordObjectEvent(ctx, engine, workQueueEvent('created', queue))
  wakeForLimit(ctx, engine, before.limit, after)
  const changes = created ? null : changesOf(before, after)
  if (created) await recordObjectEvent(ctx, engine, deploymentEvent('created', after))
  else if (changes) await recordObjectEvent(ctx, engine, deploymentEvent('updated', after, changes))
  await materialiseSchedules(
    { db: ctx.db, engine, nowMicros: ctx.nowMicros },
    { workspaceId: ctx.workspaceId, deploymentId: after.id },
  )
}

/** Its runs, and whoever else waits for slots of its limit, may have some now. */
function wakeForLimit(
  ctx: Context,
  engine: Engine,
  old: LimitOfDeployment | null,
  { id, limit }: DeploymentRow,
): void {
  if (old === null) return
  if (old.id === limit?.id) {
    if (old.limit !== limit.limit || old.active !== limit.active) wakeWaiters(ctx, engine, withSlots(limit))
    return
  }
  wakeWaiters(ctx, engine, withSlots(old))
  wakeDeployments(ctx, engine, [id], limit && withSlots(limit))
}

const withSlots = ({ id, active, limit, activeSlots }: LimitOfDeployment) => ({
  id,
  active,
  slotLimit: limit,
  activeSlots,
})
