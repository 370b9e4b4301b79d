import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { changeSchedules, scheduleOf } from './change-schedules.ts'
import { readSchedules, type ScheduleInput } from './schedule-input.ts'
import { updateScheduleRow } from './write-schedules.ts'

/** Absent members are left as they are. Throws NotFound, BadInput. */
export async function updateSchedule(
  ctx: Context,
  engine: Engine,
  which: { readonly deploymentId: string; readonly id: string },
  input: ScheduleInput,
): Promise<void> {
  const [changes] = readSchedules([input], ctx.nowMicros())
  await changeSchedules(ctx, engine, which.deploymentId, async (sql, of, there) => {
    const schedule = scheduleOf(there, which.id)
    readSchedules(
      there.map(({ id, slug }) => ({
        slug: id === schedule.id && input.slug !== undefined ? input.slug : slug,
      })),
      ctx.nowMicros(),
    )
    const { schedule: fires, ...rest } = changes ?? { schedule: null }
    await updateScheduleRow(sql, of, schedule, { ...rest, ...(fires ? { schedule: fires } : {}) })
    return input.active === false ? [schedule] : []
  })
}
