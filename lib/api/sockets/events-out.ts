import { z } from 'zod'
import type { EventRow } from '../../engine/write-set.ts'
import { readPastEvents } from '../../live/read-past.ts'
import { eventJson } from '../events/event.ts'
import { eventFilter } from '../filters/event-filter.ts'
import { CLOSE, firstFrame, type WorkspaceSocket } from './accept.ts'
import { type GivenFilter, matchesEvent, type ParsedEvent, parseEvent } from './match-event.ts'
import { outbound } from './outbound.ts'

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

async function* past(
  { db, nowMicros }: WorkspaceSocket['services'],
  workspaceId: string,
  filter: GivenFilter,
): AsyncGenerator<ParsedEvent> {
  for await (const rows of readPastEvents(db, workspaceId, filter.occurred?.since ?? 0, nowMicros())) {
    for (const row of rows) {
      const event = parseEvent(row)
      if (matchesEvent(event, filter)) yield event
    }
  }
}
