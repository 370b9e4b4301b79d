import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { type EventFilter, onEvents } from '../filters/event-filter.ts'

export interface EventRow {
  readonly id: string
  readonly occurredAt: string
  readonly event: string
  readonly follows: string | null
  readonly receivedAt: string
  /** `{"resource":…,"related":…,"payload":…}` as sent. */
  readonly body: RawJson
}

/** Where a page ended: the next one goes on from there. */
export interface EventPlace {
  readonly at: string
  readonly id: string
}

export interface EventPage {
  readonly rows: readonly EventRow[]
  readonly next: EventPlace | null
  /** Of all pages. Counted on the first only, and up to `COUNT_CAP`. */
  readonly total: number
}

/** Counting events reads them; nobody looks beyond this many. */
export const COUNT_CAP = 10_000

const columns = (sql: Transaction) =>
  sql`e.id, e.occurred_at, e.event, e.follows, e.received_at, event_body(e) as body`

export async function listEvents(
  ctx: Context,
  input: {
    readonly filter: EventFilter
    readonly limit: number
    readonly after?: EventPlace
    readonly total?: number
  },
): Promise<EventPage> {
  requireScope(ctx, 'see_events')
  const { filter, limit, after, total } = input
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const where = sql`e.workspace_id = ${ctx.workspaceId} ${onEvents(sql, filter)}`
    const newest = filter.order === 'DESC'
    const order = newest ? sql`occurred_at desc, id desc` : sql`occurred_at, id`
    const from = filter.resource?.distinct
      ? sql`(select distinct on (e.resource_id) ${columns(sql)} from events e where ${where} order by e.resource_id, e.occurred_at desc, e.id desc) e`
      : sql`(select ${columns(sql)} from events e where ${where}) e`
    const beyond = !after
      ? sql``
      : newest
        ? sql`where (e.occurred_at, e.id) < (${after.at}::timestamptz, ${after.id}::uuid)`
        : sql`where (e.occurred_at, e.id) > (${after.at}::timestamptz, ${after.id}::uuid)`
    const [found, counted] = await Promise.all([
      sql<EventRow[]>`select * from ${from} ${beyond} order by ${order} limit ${limit + 1}`,
      total === undefined
        ? sql<
            { count: number }[]
          >`select count(*)::int as count from (select 1 from ${from} limit ${COUNT_CAP}) counted`
        : [{ count: total }],
    ])
    const rows = found.slice(0, limit)
    const last = rows.at(-1)
    return {
      rows,
      next: found.length > limit && last ? { at: last.occurredAt, id: last.id } : null,
      total: counted[0]?.count ?? 0,
    }
  })
}
