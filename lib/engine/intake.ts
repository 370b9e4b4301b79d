import type { Transaction } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { formatInstant } from '../domain/time.ts'
import type { NewEvent, NewLog } from './engine.ts'
import { publishAll, publishEvents, type TransitionDeps } from './flow-run-transitions.ts'
import { RollupDeltas } from './rollup.ts'
import { recordTaskRuns, type TaskRunReport, taskRunReport } from './task-run-recorder.ts'
import { all, type EventRow, insertDeltas, insertEvents, insertLogs, type LogRow } from './write-set.ts'

export interface EventChunk {
  readonly workspaceId: string
  readonly events: readonly NewEvent[]
}

export interface LogChunk {
  readonly workspaceId: string
  readonly logs: readonly NewLog[]
}

/** Stores chunks of events, and moves the task runs that they report, in one transaction. */
export async function storeEvents(deps: TransitionDeps, chunks: readonly EventChunk[]): Promise<true[]> {
  const published: [string, Change][] = []
  const now = deps.nowMicros()
  const receivedAt = formatInstant(now)
  const rows: EventRow[] = []
  const reports: TaskRunReport[] = []
  // The same event twice in one batch would meet itself; the first stands.
  const seen = new Set<string>()
  for (const { workspaceId, events } of chunks) {
    for (const event of events) {
      const key = `${workspaceId} ${event.id} ${event.occurredMicros}`
      if (seen.has(key)) continue
      seen.add(key)
      rows.push(eventRow(workspaceId, event, receivedAt))
      const report = taskRunReport(workspaceId, event)
      if (report) reports.push(report)
    }
  }
  // Side by side, on two connections: neither needs the other, both are idempotent, and the receipt waits for both.
  await all([
    insertEvents(deps.sql, rows),
    reports.length === 0
      ? null
      : deps.sql.begin(async (transaction) => {
          const sql = transaction as unknown as Transaction
          const deltas = new RollupDeltas()
          const recorded = await recordTaskRuns(sql, reports, now, deltas, published)
          await all([...recorded, insertDeltas(sql, deltas)])
        }),
  ])
  publishAll(deps, published)
  publishEvents(deps, rows)
  return chunks.map(() => true)
}

function eventRow(workspaceId: string, event: NewEvent, receivedAt: string): EventRow {
  return {
    workspace_id: workspaceId,
    occurred_at: formatInstant(event.occurredMicros),
    id: event.id,
    event: event.event,
    resource_id: event.resource['prefect.resource.id'] ?? '',
    related_ids: event.related.map((item) => item['prefect.resource.id'] ?? ''),
    follows: event.follows,
    received_at: receivedAt,
    body: event.body,
  }
}

/** Stores chunks of log lines in one statement. */
export async function storeLogs(deps: TransitionDeps, chunks: readonly LogChunk[]): Promise<true[]> {
  const rows: LogRow[] = []
  let isReplay = false
  for (const { workspaceId, logs } of chunks) {
    for (const log of logs) {
      if (log.id !== undefined) isReplay = true
      rows.push({
        workspace_id: workspaceId,
        at: formatInstant(log.atMicros),
        // Made in order of arrival: lines of one instant keep it.
        id: log.id ?? uuidv7(),
        flow_run_id: log.flowRunId,
        task_run_id: log.taskRunId,
        worker_id: log.workerId,
        logger: log.logger,
        level: log.level,
        message: log.message,
      })
    }
  }
  await insertLogs(deps.sql, rows, isReplay)
  let from = 0
  for (const { workspaceId, logs } of chunks) {
    const stored = rows.slice(from, from + logs.length)
    from += logs.length
    // Most lines are written while nobody looks: then nothing is made of them.
    if (deps.watches(workspaceId)) deps.publish(workspaceId, stored.map(logChange))
    else deps.skip(workspaceId, stored.length)
  }
  return chunks.map(() => true)
}

const logChange = (row: LogRow): Change => ({
  kind: 'log',
  id: row.id,
  flowRunId: row.flow_run_id,
  taskRunId: row.task_run_id,
  logger: row.logger,
  level: row.level,
  at: row.at,
  message: row.message,
})
