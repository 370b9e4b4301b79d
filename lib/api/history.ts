import { z } from 'zod'
import type { History, HistoryInterval } from '../control/flow-runs/run-history.ts'
import { BadInput } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { runFilterParts, runFilters } from './filters/run-filters.ts'
import { durationSeconds, instant, stateType } from './schemas.ts'

/** The interval goes by two names: open-source servers' and the hosted one's. */
export const historyBody = z.object({
  ...runFilterParts,
  history_start: instant,
  history_end: instant,
  history_interval_seconds: durationSeconds.optional(),
  history_interval: durationSeconds.optional(),
})

export const historyAnswer = z.array(
  z.object({
    interval_start: z.iso.datetime(),
    interval_end: z.iso.datetime(),
    states: z.array(
      z.object({
        state_type: stateType,
        state_name: z.string(),
        count_runs: z.int(),
        sum_estimated_run_time: z.number(),
        sum_estimated_lateness: z.number(),
      }),
    ),
  }),
)

export function historyInput(body: z.output<typeof historyBody>): History {
  const intervalSeconds = body.history_interval_seconds ?? body.history_interval
  if (intervalSeconds === undefined)
    throw new BadInput(
      'history_interval_seconds is missing: how many seconds each interval of the history spans.',
    )
  return {
    filters: runFilters(body),
    startMicros: body.history_start,
    endMicros: body.history_end,
    intervalSeconds,
  }
}

export const wireHistory = (intervals: readonly HistoryInterval[]) =>
  intervals.map((interval) => ({
    interval_start: formatInstant(interval.startMicros),
    interval_end: formatInstant(interval.endMicros),
    states: interval.states.map((state) => ({
      state_type: state.stateType,
      state_name: state.stateName,
      count_runs: state.runs,
      sum_estimated_run_time: state.runSeconds,
      sum_estimated_lateness: state.lateSeconds,
    })),
  }))
