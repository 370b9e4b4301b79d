import type { Transaction } from '../../db/clients.ts'
import type { ScheduleRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { deploymentById } from '../deployments/read-deployment.ts'
import { settleDeployment } from '../deployments/settle-deployment.ts'
import { requireFitting, withOtherParameters } from './check-schedules.ts'
import { takeBackRuns } from './take-back-runs.ts'
import { lockSchedules, type SchedulesOf } from './write-schedules.ts'

/**
 * Changes schedules of a deployment by `work`, which answers those whose overdue runs are not to run any more. What they had
 * scheduled is taken back and scheduled anew. Throws NotFound, Conflict for parameters that do not fit. Answers the schedules as they are then.
 */
export async function changeSchedules(
  ctx: Context,
  engine: Engine,
  deploymentId: string,
  work: (
    sql: Transaction,
    of: SchedulesOf,
    schedules: readonly ScheduleRow[],
  ) => Promise<readonly Pick<ScheduleRow, 'id'>[]>,
): Promise<readonly ScheduleRow[]> {
  requireScope(ctx, 'write_deployments')
  const { workspaceId } = ctx
  const of = { workspaceId, deploymentId, nowMicros: ctx.nowMicros() }
  const written = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await sql`select id from deployments where workspace_id = ${workspaceId} and id = ${deploymentId} for no key update`
    const before = await deploymentById(sql, workspaceId, deploymentId)
    const over = await work(sql, of, await lockSchedules(sql, of))
    const takenBack = await takeBackRuns(sql, {
      ...of,
      overdueOf: over.map((schedule) => schedule.id),
      isScheduling: !before.paused && !before.disabled,
    })
    const after = await deploymentById(sql, workspaceId, deploymentId)
    requireFitting('Error changing schedules', after, withOtherParameters(before.schedules, after.schedules))
    return { before, after, takenBack, queuesMade: [] }
  })
  await settleDeployment(ctx, engine, written)
  return written.after.schedules
}

/** Throws NotFound. */
export function scheduleOf(schedules: readonly ScheduleRow[], id: string): ScheduleRow {
  const found = schedules.find((schedule) => schedule.id === id)
  if (!found) throw new NotFound('Schedule')
  return found
}
