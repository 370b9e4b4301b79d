import { materialiseSchedules, SCHEDULES_AT_ONCE } from '../control/schedules/materialise-schedules.ts'
import type { Service } from './service.ts'

/** Turns at the same time while there is more to do than one may: each takes other schedules, on a connection of its own. */
const AT_ONCE = 3

/**
 * Makes the runs of schedules ahead of time. What was just written schedules itself (see settleDeployment): this loop keeps
 * every schedule ahead of the clock, and goes on with what a replica that died had begun.
 */
export const scheduleRuns: Service = {
  name: 'schedule-runs',
  everySeconds: 1,
  runOnce: async (scope) => {
    const turn = () => materialiseSchedules(scope, 'whichever are due')
    const turns = [await turn()]
    const isFull = () => turns.at(-1)?.schedules === SCHEDULES_AT_ONCE
    if (isFull()) turns.push(...(await Promise.all(Array.from({ length: AT_ONCE }, turn))))
    const refused = turns.flatMap((each) => each.refused)
    // After the others were served, so that an operator hears of it.
    if (refused.length > 0)
      throw new AggregateError(refused, `${refused.length} schedules rest: the database refused their runs`)
    const sum = (count: 'schedules' | 'runs' | 'skipped') => turns.reduce((all, each) => all + each[count], 0)
    return {
      counts: { schedules: sum('schedules'), runs: sum('runs'), skipped: sum('skipped') },
      more: turns.some((each) => each.schedules === SCHEDULES_AT_ONCE),
    }
  },
}
