import { z } from 'zod'
import { readWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import type { EventRow } from '../../engine/write-set.ts'
import { eventJson, type StoredEvent } from '../events/event.ts'
import { eventFilter } from '../filters/event-filter.ts'
import { CLOSE, firstFrame, type WorkspaceSocket } from './accept.ts'
import { type GivenFilter, matchesEvent, type ParsedEvent, parseEvent } from './match-event.ts'
import { outbound } from './outbound.ts'

/** How far back a subscription may ask to be filled in. */
const MAX_BACKFILL_MICROS = 15 * 60 * 1_000_000
const BACKFILL_PAGE = 1_000
/** Events that wait while the past is replayed. */
const MAX_HELD = 20_000

const filterFrame = z.looseObject({
  type: z.literal('filter'),
  filter: eventFilter,
  backfill: z.boolean().nullish(),
})

/** Replays matching events from `occurred.since` (at most 15 minutes back) in their order, then goes on live, without a gap. */
export function eventsOut({ ws, services, access, workspaceId, handshakeMs }: WorkspaceSocket): void {
  firstFrame(ws, handshakeMs, "Expected 'filter' message", CLOSE.protocol, async (frame) => {
    if ((frame as { type?: unknown } | null)?.type !== 'filter')
      return ws.close(CLOSE.protocol, "Expected 'filter' message")
    const checked = filterFrame.safeParse(frame)
    if (!checked.success)
      return ws.close(
        CLOSE.protocol,
        `Invalid filter: ${checked.error.issues[0]?.message ?? ''}`.slice(0, 120),
      )
    const { filter, backfill } = checked.data
    const write = outbound(ws)
    const send = (event: ParsedEvent): void =>
      write(`{"type":"event","event":${rowJson(event.row, access.accountId)}}`)

    // Listen first, read the past second: what commits in between is held, and dropped by id if the past had it.
    let held: EventRow[] | null = []
    const live = {
      ...filter,
      occurred: filter.occurred?.until != null ? { until: filter.occurred.until } : null,
    }
    const stop = services.events.subscribe(workspaceId, (rows) => {
      if (held) {
        if (held.length < MAX_HELD) held.push(...rows)
        else ws.close(CLOSE.trouble, 'reading too slowly; subscribe again')
        return
      }
      for (const row of rows) {
        const event = parseEvent(row)
        if (matchesEvent(event, live)) send(event)
      }
    })
    ws.once('close', stop)
    ws.on('ping', (data) => ws.pong(data))

    const replayed = new Set<string>()
    if (backfill !== false && filter.occurred?.since != null) {
      for await (const event of past(services, workspaceId, filter)) {
        if (ws.readyState !== ws.OPEN) return
        replayed.add(event.row.id)
        send(event)
      }
    }
    const waiting = held
    held = null
    for (const row of waiting) {
      const event = parseEvent(row)
      if (!replayed.has(row.id) && matchesEvent(event, live)) send(event)
    }
  })
}

const rowJson = (row: EventRow, accountId: string): string =>
  eventJson(
    {
      id: row.id,
      occurredAt: row.occurred_at,
      receivedAt: row.received_at,
      event: row.event,
      follows: row.follows,
      body: row.body,
    },
    accountId,
    row.workspace_id,
  )

interface PastEvent extends StoredEvent {
  readonly resourceId: string
  readonly relatedIds: string[]
}

async function* past(
  services: WorkspaceSocket['services'],
  workspaceId: string,
  filter: GivenFilter,
): AsyncGenerator<ParsedEvent> {
  const since = Math.max(filter.occurred?.since ?? 0, services.nowMicros() - MAX_BACKFILL_MICROS)
  let from = formatInstant(since)
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const rows = await readWorkspace(
      services.db,
      workspaceId,
      (sql) => sql<PastEvent[]>`
        select occurred_at, id, event, resource_id, related_ids, follows, received_at, body from events
        where workspace_id = ${workspaceId} and (occurred_at, id) > (${from}, ${after})
        order by occurred_at, id limit ${BACKFILL_PAGE}`,
    )
    for (const row of rows) {
      const event = parseEvent({
        workspace_id: workspaceId,
        occurred_at: row.occurredAt,
        id: row.id,
        event: row.event,
        resource_id: row.resourceId,
        related_ids: row.relatedIds,
        follows: row.follows,
        received_at: row.receivedAt,
        body: row.body,
      })
      if (matchesEvent(event, filter)) yield event
    }
    const last = rows.at(-1)
    if (!last || rows.length < BACKFILL_PAGE) return
    from = last.occurredAt
    after = last.id
  }
}
