import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { changeSchedules, scheduleOf } from './change-schedules.ts'
import { removeSchedules } from './write-schedules.ts'

/** With the runs that it made and nobody took. Throws NotFound. */
export async function deleteSchedule(
  ctx: Context,
  engine: Engine,
  which: { readonly deploymentId: string; readonly id: string },
): Promise<void> {
  await changeSchedules(ctx, engine, which.deploymentId, async (sql, of, there) => {
    const schedule = scheduleOf(there, which.id)
    await removeSchedules(sql, of, [schedule])
    return [schedule]
  })
}
