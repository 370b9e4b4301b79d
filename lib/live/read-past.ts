import type { Database } from '../db/clients.ts'
import { readWorkspace } from '../db/scope.ts'
import type { LogChange } from '../domain/change.ts'
import { formatInstant } from '../domain/time.ts'

/** An event as the feed carries it: a row of the table, in its shape. */
export interface PastEvent {
  readonly workspace_id: string
  readonly occurred_at: string
  readonly id: string
  readonly event: string
  readonly resource_id: string
  readonly related_ids: readonly string[]
  readonly follows: string | null
  readonly received_at: string
  readonly body: string
}

const PAGE = 1_000
/** Who follows is sent what happens now; what is older than this is read by those who ask for the past. */
const MAX_PAST_MICROS = 15 * 60 * 1_000_000

const startOf = (sinceMicros: number, nowMicros: number): string =>
  formatInstant(Math.max(sinceMicros, nowMicros - MAX_PAST_MICROS))

interface StoredEvent {
  readonly occurredAt: string
  readonly id: string
  readonly event: string
  readonly resourceId: string
  readonly relatedIds: string[]
  readonly follows: string | null
  readonly receivedAt: string
  readonly body: string
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** Events that occurred since then, at most 15 minutes back, in their order, in pages. */
export async function* readPastEvents(
  db: Database,
  workspaceId: string,
  sinceMicros: number,
  nowMicros: number,
): AsyncGenerator<readonly PastEvent[]> {
  let from = startOf(sinceMicros, nowMicros)
  let after = FIRST_ID
  for (;;) {
    const rows = await readWorkspace(
      db,
      workspaceId,
      (sql) => sql<StoredEvent[]>`
        select occurred_at, id, event, resource_id, related_ids, follows, received_at, event_body(e) as body from events e
        where workspace_id = ${workspaceId} and (occurred_at, id) > (${from}, ${after})
        order by occurred_at, id limit ${PAGE}`,
    )
    yield rows.map((row) => ({
      workspace_id: workspaceId,
      occurred_at: row.occurredAt,
      id: row.id,
      event: row.event,
      resource_id: row.resourceId,
      related_ids: row.relatedIds,
      follows: row.follows,
      received_at: row.receivedAt,
      body: row.body,
    }))
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    from = last.occurredAt
    after = last.id
  }
}

/** Log lines of a run since then, at most 15 minutes back, in their order, in pages. */
export async function* readPastLogs(
  db: Database,
  workspaceId: string,
  flowRunId: string,
  sinceMicros: number,
  nowMicros: number,
): AsyncGenerator<readonly LogChange[]> {
  let from = startOf(sinceMicros, nowMicros)
  let after = FIRST_ID
  for (;;) {
    const rows = await readWorkspace(
      db,
      workspaceId,
      (sql) => sql<Omit<LogChange, 'kind'>[]>`
        select id, flow_run_id, task_run_id, worker_id, logger, level, at, message from logs
        where workspace_id = ${workspaceId} and flow_run_id = ${flowRunId} and (at, id) > (${from}, ${after})
        order by at, id limit ${PAGE}`,
    )
    yield rows.map((row) => ({ ...row, kind: 'log' }))
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    from = last.at
    after = last.id
  }
}
