import { describeSchedule } from '../../domain/schedules/describe.ts'
import { fireTimes } from '../../domain/schedules/fire-times.ts'
import { zoneOf } from '../../domain/schedules/schedule.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { readSchedule } from './schedule-input.ts'

export interface SchedulePreview {
  /** In English. */
  readonly words: string
  readonly timezone: string
  /** The next times that it fires, RFC 3339 in UTC. */
  readonly times: readonly string[]
  /** Whether there are no more than these. */
  readonly isOver: boolean
}

/** What a schedule would do, before it is saved. Throws BadInput, which names the field. */
export function previewSchedule(
  ctx: Pick<Context, 'access' | 'nowMicros'>,
  sent: Readonly<Record<string, unknown>>,
  count: number,
): SchedulePreview {
  requireScope(ctx, 'see_deployments')
  const nowMicros = ctx.nowMicros()
  const { schedule } = readSchedule(sent, nowMicros, 'schedule.')
  const times: string[] = []
  const all = fireTimes(schedule, nowMicros)
  for (;;) {
    const next = all.next()
    if (next.done) return preview(next.value.kind === 'finished')
    if (times.length === count) return preview(false)
    times.push(formatInstant(next.value))
  }

  function preview(isOver: boolean): SchedulePreview {
    return { words: describeSchedule(schedule), timezone: zoneOf(schedule), times, isOver }
  }
}
