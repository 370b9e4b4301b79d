import { formatInstant } from '../time.ts'
import type { Schedule } from './schedule.ts'

/** What is stored of a schedule that was read, and sent back: every key of its kind, texts as they were written. */
export const storedSchedule = (
  schedule: Schedule,
  sent: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  switch (schedule.type) {
    case 'interval':
      return {
        interval: schedule.intervalSeconds,
        anchor_date:
          typeof sent.anchor_date === 'string' ? sent.anchor_date : formatInstant(schedule.anchorMicros),
        timezone: schedule.timezone,
      }
    case 'cron':
      return { cron: schedule.cron, timezone: schedule.timezone, day_or: schedule.dayOr }
    case 'rrule':
      return { rrule: schedule.rrule, timezone: schedule.timezone ?? 'UTC' }
    default:
      return schedule satisfies never
  }
}

/** What creators of runs and lists call a schedule that has no slug. */
export const scheduleKindName = (schedule: Schedule): string =>
  ({ interval: 'IntervalSchedule', cron: 'CronSchedule', rrule: 'RRuleSchedule' })[schedule.type]
