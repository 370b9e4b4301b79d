import { inTransaction } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { formatInstant } from '../domain/time.ts'
import type { NewEvent, NewLog } from './engine.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import { grouped } from './grouped.ts'
import { publishEvents, publishIfWatched } from './publish.ts'
import { RollupDeltas } from './rollup.ts'
import { changeOf, recordTaskRuns, type TaskRunReport, taskRunReport } from './task-run-recorder.ts'
import type { TaskRunUpsert } from './task-run-rows.ts'
import type { Turns } from './turns.ts'
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
export async function storeEvents(
  deps: TransitionDeps,
  chunks: readonly EventChunk[],
  turns: Turns,
): Promise<true[]> {
  let moved: TaskRunUpsert[] = []
  const now = deps.nowMicros()
  let receivedMicros = now
  let receivedAt = formatInstant(now)
  let lastMicros = Number.NEGATIVE_INFINITY
  const rows: EventRow[] = []
  const reports: TaskRunReport[] = []
  // The same event twice in one batch would meet itself; the first stands.
  const seen = new Set<string>()
  for (const { workspaceId, events } of chunks) {
    for (const event of events) {
      const key = `${workspaceId} ${event.id} ${event.occurredMicros}`
      if (seen.has(key)) continue
      seen.add(key)
      // What happened in one instant keeps its order of arrival: clocks of a millisecond are common.
      if (event.occurredMicros <= lastMicros) receivedAt = formatInstant(++receivedMicros)
      lastMicros = event.occurredMicros
      rows.push(eventRow(workspaceId, event, receivedAt))
      const report = taskRunReport(workspaceId, event)
      if (report) reports.push(report)
    }
  }
  await deps.watch.ready()
  // Side by side, on two connections: neither needs the other, both are idempotent, and the receipt waits for both. Only the task
  // runs of a workspace are moved by one batch after the other: two would race for the same new ones.
  await all([
    insertEvents(deps.sql, rows, deps.watch.wantedOf(rows)),
    reports.length === 0
      ? null
      : turns.take(
          reports.map((report) => report.workspaceId),
          () =>
            inTransaction(deps.sql, async (sql, write) => {
              const deltas = new RollupDeltas()
              moved = []
              const recorded = await recordTaskRuns(sql, reports, now, deltas, moved)
              write(...recorded, insertDeltas(sql, deltas))
            }),
        ),
  ])
  tellAll(deps, moved, changeOf)
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
        at: log.atMicros,
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
  tellAll(deps, rows, logChange)
  return chunks.map(() => true)
}

function tellAll<Row extends { readonly workspace_id: string }>(
  deps: TransitionDeps,
  rows: readonly Row[],
  changeOfRow: (row: Row) => Change,
): void {
  for (const [workspaceId, its] of grouped(
    rows,
    (row) => row.workspace_id,
    (row) => row,
  ))
    publishIfWatched(deps, workspaceId, its, changeOfRow)
}

const logChange = (row: LogRow): Change => ({
  kind: 'log',
  id: row.id,
  flowRunId: row.flow_run_id,
  taskRunId: row.task_run_id,
  workerId: row.worker_id,
  logger: row.logger,
  level: row.level,
  at: formatInstant(row.at),
  message: row.message,
})
