import { z } from 'zod'
import {
  countEventsBy,
  countEventsByTime,
  type EventCount,
  timeUnits,
} from '../../control/events/count-events.ts'
import { type EventPage, type EventPlace, listEvents } from '../../control/events/list-events.ts'
import type { EventFilter } from '../../control/filters/event-filter.ts'
import { eventFilter, eventFilterOf } from '../filters/event-filter.ts'
import { limitOf } from '../filters/paging.ts'
import { problem } from '../problems.ts'
import { type Answer, type Call, route } from '../route.ts'
import { eventJson } from './event.ts'
import { openPage, sealPage } from './page-token.ts'

const tag = 'Events'
const see = { in: 'workspace', scope: 'see_events' } as const
const DEFAULT_LIMIT = 50

const labels = z.record(z.string(), z.string())
export const eventAnswer = z
  .object({
    id: z.uuid(),
    occurred: z.iso.datetime(),
    event: z.string(),
    resource: labels,
    related: z.array(labels),
    payload: z.record(z.string(), z.unknown()),
    follows: z.uuid().nullable(),
    received: z.iso.datetime(),
    account: z.uuid(),
    workspace: z.uuid().nullable(),
  })
  .meta({ id: 'ReceivedEvent' })

const eventPage = z.object({ events: z.array(eventAnswer), total: z.int(), next_page: z.url().nullable() })

/** What the address of the next page carries. */
interface NextPage {
  readonly workspaceId: string
  readonly filter: EventFilter
  readonly limit: number
  readonly after: EventPlace
  readonly total: number
}

function pageAnswer(
  call: Call<unknown, unknown, unknown>,
  filter: EventFilter,
  limit: number,
  page: EventPage,
): Answer {
  const { accountId, workspaceId, services, origin } = call
  const next: NextPage | null = page.next && {
    workspaceId,
    filter,
    limit,
    after: page.next,
    total: page.total,
  }
  const address =
    next &&
    `${origin}/api/accounts/${accountId}/workspaces/${workspaceId}/events/filter/next?page-token=${sealPage(services.authSecret, next)}`
  const events = page.rows.map((row) => eventJson(row, accountId, workspaceId)).join(',')
  return {
    status: 200,
    rawJson: `{"events":[${events}],"total":${page.total},"next_page":${JSON.stringify(address)}}`,
  }
}

const filter = route({
  method: 'POST',
  path: '/events/filter',
  permission: see,
  summary: 'List events',
  tag,
  body: z.object({
    filter: eventFilter.nullish(),
    limit: z.int().optional().meta({ minimum: 0, maximum: 200, default: DEFAULT_LIMIT }),
  }),
  bodyOptional: true,
  success: { 200: eventPage },
  handle: async (call) => {
    const { ctx, body } = call
    const wanted = eventFilterOf(body.filter, ctx.nowMicros())
    const limit = limitOf(body.limit ?? DEFAULT_LIMIT)
    return pageAnswer(call, wanted, limit, await listEvents(ctx, { filter: wanted, limit }))
  },
})

const next = route({
  method: 'GET',
  path: '/events/filter/next',
  permission: see,
  summary: 'The next page of a list of events',
  tag,
  query: z.object({ 'page-token': z.string().max(16_000) }),
  success: { 200: eventPage },
  errors: [403],
  handle: async (call) => {
    const { ctx, query, services } = call
    // Safe: the signature says that `pageAnswer` made it.
    const page = openPage(services.authSecret, query['page-token']) as NextPage | null
    if (page === null || page.workspaceId !== ctx.workspaceId) return problem(403, 'Invalid page token')
    return pageAnswer(call, page.filter, page.limit, await listEvents(ctx, page))
  },
})

const countAnswer = z.array(
  z.object({
    value: z.string(),
    label: z.string(),
    count: z.int(),
    start_time: z.iso.datetime(),
    end_time: z.iso.datetime(),
  }),
)

const wireCount = (row: EventCount) => ({
  value: row.value,
  label: row.label,
  count: row.count,
  start_time: row.startAt,
  end_time: row.endAt,
})

const countBy = route({
  method: 'POST',
  path: '/events/count-by/{countable}',
  permission: see,
  summary: 'Count events by day, time, name or resource',
  tag,
  params: z.object({ countable: z.enum(['day', 'time', 'event', 'resource']) }),
  body: z.object({
    filter: eventFilter.nullish(),
    time_unit: z.enum(timeUnits).default('day'),
    time_interval: z.number().min(0.01).max(1e6).default(1),
  }),
  success: { 200: countAnswer },
  handle: async ({ ctx, params, body }) => {
    const wanted = eventFilterOf(body.filter, ctx.nowMicros())
    const { countable } = params
    const counts =
      countable === 'day' || countable === 'time'
        ? await countEventsByTime(
            ctx,
            wanted,
            countable === 'day' ? 'day' : body.time_unit,
            countable === 'day' ? 1 : body.time_interval,
          )
        : await countEventsBy(ctx, wanted, countable)
    return { status: 200, json: counts.map(wireCount) }
  },
})

export const eventReadRoutes = [filter, next, countBy]
