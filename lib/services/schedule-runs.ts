import {
  type Materialised,
  materialiseSchedules,
  SCHEDULES_AT_ONCE,
} from '../control/schedules/materialise-schedules.ts'
import { noticeOutage, stillHere } from './notice-outage.ts'
import type { Service } from './service.ts'

/**
 * Lanes while there is more to do than one turn may: each takes other schedules, on a connection of its own. Two keep this process
 * busy; with a third, Postgres takes a third more CPU for the same runs on a small machine.
 */
const LANES = 2
/** Of a lane before the loop has its say again. A lane does not wait for the other. */
const TURNS_OF_LANE = 4

/**
 * Makes the runs of schedules ahead of time. What was just written schedules itself (see settleDeployment): this loop keeps
 * every schedule ahead of the clock, and goes on with what a replica that died had begun. After an outage it does to runs that fell
 * due within it what their schedules' catch-up policies say.
 */
export const scheduleRuns: Service = {
  name: 'schedule-runs',
  everySeconds: 1,
  runOnce: async (scope) => {
    const turns: Materialised[] = []
    await noticeOutage(scope, scheduleRuns.name)
    /** Whether there may be more to do. */
    const turn = async (): Promise<boolean> => {
      const done = await materialiseSchedules(scope, 'whichever are due')
      turns.push(done)
      if (done.schedules > 0) await stillHere(scope, scheduleRuns.name)
      return done.schedules === SCHEDULES_AT_ONCE
    }
    const lane = async (): Promise<boolean> => {
      for (let n = 0; n < TURNS_OF_LANE; n++) if (!(await turn())) return false
      return true
    }
    const more = (await turn()) && (await Promise.all(Array.from({ length: LANES }, lane))).includes(true)
    const refused = turns.flatMap((each) => each.refused)
    // After the others were served, so that an operator hears of it.
    if (refused.length > 0)
      throw new AggregateError(refused, `${refused.length} schedules rest: the database refused their runs`)
    const sum = (count: 'schedules' | 'runs' | 'skipped') => turns.reduce((all, each) => all + each[count], 0)
    return {
      counts: { schedules: sum('schedules'), runs: sum('runs'), skipped: sum('skipped') },
      more,
    }
  },
}
