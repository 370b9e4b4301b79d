import { inWorkspace } from '../../db/scope.ts'
import { mergeJson } from '../../domain/parameters/merge.ts'
import { BadInput } from '../../domain/problem.ts'
import {
  runsToSchedule,
  scheduledRunKeyEnd,
  scheduledRunKeyStart,
} from '../../domain/schedules/runs-to-schedule.ts'
import { scheduleKindName } from '../../domain/schedules/stored-schedule.ts'
import type { Engine } from '../../engine/engine.ts'
import { insertScheduledRuns, tellOfScheduledRuns } from '../../engine/schedule-runs.ts'
import { type Context, requireScope } from '../context.ts'
import { deploymentById } from '../deployments/read-deployment.ts'
import { readSchedule } from './schedule-input.ts'

export interface ScheduleWindow {
  readonly fromMicros: number
  readonly untilMicros: number
  readonly minSeconds: number
  readonly minRuns: number
  readonly maxRuns: number
}

export const MAX_WINDOW_RUNS = 1_000

/** Makes the runs of a stretch of time, which may be past: a backfill. Those that are there stay. Throws NotFound. */
export async function scheduleWindow(
  ctx: Context,
  engine: Engine,
  deploymentId: string,
  { fromMicros, untilMicros, minSeconds, minRuns, maxRuns }: ScheduleWindow,
): Promise<number> {
  requireScope(ctx, 'run_deployments')
  if (untilMicros < fromMicros) throw new BadInput('The end_time comes before the start_time.')
  const { workspaceId } = ctx
  const nowMicros = ctx.nowMicros()
  const made = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const deployment = await deploymentById(sql, workspaceId, deploymentId)
    return insertScheduledRuns(
      sql,
      deployment.schedules
        .filter((row) => row.active)
        .map((row) => {
          const { schedule } = readSchedule(row.schedule, nowMicros)
          const { times } = runsToSchedule(schedule, fromMicros, {
            minRuns,
            maxRuns,
            minSeconds,
            maxSeconds: (untilMicros - fromMicros) / 1e6,
          })
          return {
            workspaceId,
            flowId: deployment.flowId,
            tags: deployment.tags,
            workQueueId: deployment.workQueueId,
            workPoolId: deployment.workPoolId,
            entrypoint: deployment.entrypoint,
            deploymentId,
            scheduleId: row.id,
            parameters: row.parameters === '{}' ? null : mergeJson(deployment.parameters, row.parameters),
            kindName: scheduleKindName(schedule),
            keyStart: scheduledRunKeyStart(deploymentId, row.id),
            ticks: times.map((atMicros) => ({
              keyEnd: scheduledRunKeyEnd(schedule, atMicros),
              atMicros,
              skipped: null,
            })),
          }
        }),
      { nowMicros, dice: Math.random, ignoreExisting: true },
    )
  })
  tellOfScheduledRuns(engine, made, nowMicros)
  return made.length
}
