import type { ScheduleRow } from '../../db/rows/deployment.ts'
import { BadInput } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { changeSchedules } from './change-schedules.ts'
import { readSchedules, type ScheduleInput } from './schedule-input.ts'
import { insertSchedule } from './write-schedules.ts'

/** Adds schedules to those that are there; answers the new ones. Throws NotFound, BadInput for a slug that is taken. */
export async function addSchedules(
  ctx: Context,
  engine: Engine,
  deploymentId: string,
  inputs: readonly ScheduleInput[],
): Promise<readonly ScheduleRow[]> {
  const wanted = readSchedules(inputs, ctx.nowMicros())
  const added = new Set<string>()
  const schedules = await changeSchedules(ctx, engine, deploymentId, async (sql, of, there) => {
    readSchedules([...there.map(({ slug }) => ({ slug })), ...inputs], ctx.nowMicros())
    for (const schedule of wanted) {
      if (!schedule.schedule) throw new BadInput('A schedule needs to say when it fires.')
      added.add(await insertSchedule(sql, of, schedule))
    }
    return []
  })
  return schedules.filter((schedule) => added.has(schedule.id))
}
