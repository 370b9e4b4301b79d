import { readWorkspace } from '../../db/scope.ts'
import { BadInput } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { type EventFilter, onEvents } from '../filters/event-filter.ts'

export const timeUnits = ['week', 'day', 'hour', 'minute', 'second'] as const
export type TimeUnit = (typeof timeUnits)[number]
const unitSeconds = {
  week: 604_800,
  day: 86_400,
  hour: 3_600,
  minute: 60,
  second: 1,
} as const satisfies Record<TimeUnit, number>

export interface EventCount {
  readonly value: string
  readonly label: string
  readonly count: number
  readonly startAt: string
  readonly endAt: string
}

const MAX_BUCKETS = 1_000
/** 1970-01-05, the first Monday: weeks begin on Mondays. */
const MONDAY_MICROS = 4 * 86_400 * 1e6

/** Events in intervals of time, empty ones included. Throws BadInput beyond 1,000 intervals. */
export async function countEventsByTime(
  ctx: Context,
  filter: EventFilter,
  unit: TimeUnit,
  interval: number,
): Promise<readonly EventCount[]> {
  requireScope(ctx, 'see_events')
  const width = unitSeconds[unit] * interval * 1e6
  const unitMicros = unitSeconds[unit] * 1e6
  const origin = unit === 'week' ? MONDAY_MICROS : 0
  const start = origin + Math.floor((filter.occurred.since - origin) / unitMicros) * unitMicros
  const buckets = Math.max(0, Math.ceil((filter.occurred.until - start) / width))
  if (buckets > MAX_BUCKETS) {
    throw new BadInput(
      `The given interval would create ${buckets.toLocaleString('en')} buckets, which is too many. Increase the time interval or shorten the time range; at most ${MAX_BUCKETS} are answered.`,
    )
  }
  const counted = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ bucket: number; count: number }[]>`
      select floor(extract(epoch from e.occurred_at - ${formatInstant(start)}::timestamptz)::float8 * 1e6 / ${width}::float8)::int as bucket,
        count(*)::int as count
      from events e where e.workspace_id = ${ctx.workspaceId} ${onEvents(sql, filter)} group by 1`,
  )
  const counts = new Map(counted.map((row) => [row.bucket, row.count]))
  return Array.from({ length: buckets }, (_, i) => {
    const startAt = formatInstant(start + i * width)
    return {
      value: startAt,
      label: startAt,
      count: counts.get(i) ?? 0,
      startAt,
      endAt: formatInstant(start + (i + 1) * width - 1),
    }
  })
}

/** Events by their name or by their resource, the most frequent first. */
export async function countEventsBy(
  ctx: Context,
  filter: EventFilter,
  by: 'event' | 'resource',
): Promise<readonly EventCount[]> {
  requireScope(ctx, 'see_events')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<EventCount[]>`
      select ${by === 'event' ? sql`e.event` : sql`e.resource_id`} as value,
        ${
          by === 'event'
            ? sql`e.event`
            : sql`coalesce((array_agg(event_body(e) -> 'resource' ->> 'prefect.resource.name' order by e.occurred_at desc))[1], e.resource_id)`
        } as label,
        count(*)::int as count, min(e.occurred_at) as start_at, max(e.occurred_at) as end_at
      from events e where e.workspace_id = ${ctx.workspaceId} ${onEvents(sql, filter)}
      group by ${by === 'event' ? sql`e.event` : sql`e.resource_id`} order by count desc, 1 limit ${MAX_BUCKETS}`,
  )
}
