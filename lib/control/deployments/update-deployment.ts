import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { readSchedules } from '../schedules/schedule-input.ts'
import { ensureDefaultPool } from '../work-queues/default-pool.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import { readDeployment } from './read-deployment.ts'
import { settleDeployment } from './settle-deployment.ts'
import { checkChanges, writeDeployment } from './write-deployment.ts'

/** Absent members are left as they are. Throws NotFound, Conflict for values that do not fit their schema, BadInput. */
export async function updateDeployment(
  ctx: Context,
  engine: Engine,
  id: string,
  changes: DeploymentChanges,
): Promise<DeploymentRow> {
  requireScope(ctx, 'write_deployments')
  checkChanges(changes)
  if (changes.workQueueName && !changes.workPoolName) {
    const isInPool =
      changes.workPoolName === undefined && (await readDeployment(ctx, id)).workPoolName !== null
    if (!isInPool) await ensureDefaultPool(ctx, engine)
  }
  const schedules = changes.schedules ? readSchedules(changes.schedules, ctx.nowMicros()) : null
  const written = await inWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    writeDeployment(sql, ctx, {
      id,
      changes,
      schedules,
      schedulesAre: 'patched',
      doing: 'Error updating deployment',
    }),
  )
  await settleDeployment(ctx, engine, written)
  return written.after
}
