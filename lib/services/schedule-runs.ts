import { materialiseSchedules, SCHEDULES_AT_ONCE } from '../control/schedules/materialise-schedules.ts'
import type { Service } from './service.ts'

/**
 * Makes the runs of schedules ahead of time. What was just written schedules itself (see settleDeployment): this loop keeps
 * every schedule ahead of the clock, and goes on with what a replica that died had begun.
 */
export const scheduleRuns: Service = {
  name: 'schedule-runs',
  everySeconds: 1,
  runOnce: async (scope) => {
    const { schedules, runs, skipped } = await materialiseSchedules(scope, 'whichever are due')
    return { counts: { schedules, runs, skipped }, more: schedules === SCHEDULES_AT_ONCE }
  },
}
