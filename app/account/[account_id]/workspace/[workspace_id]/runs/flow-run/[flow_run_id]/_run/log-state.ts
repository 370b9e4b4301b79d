import { newLogLines } from '#app/_live/fold.ts'
import type { LogPage } from '#lib/control/console/list-logs.ts'
import type { LogRow } from '#lib/control/console/rows.ts'
import type { Change, LogChange } from '#lib/domain/change.ts'
import type { LogQuery } from './tabs.ts'

export interface LogState {
  readonly rows: readonly LogRow[]
  /** Lines of the run that are known of, whatever the filter. */
  readonly total: number
  /** Lines of the one task run that is shown; null when all are. */
  readonly ofTask: number | null
  /** Ids of every line that was counted. */
  readonly known: ReadonlySet<string>
  /** Lines that were let go so that the page stays light. */
  readonly dropped: number
}

/** Lines held in a tab; the older ones are a link away. */
export const mostLines = 5000

export const startLogs = (page: LogPage): LogState => ({
  rows: page.rows,
  total: page.total,
  ofTask: page.ofTask,
  known: new Set(page.rows.map((row) => row.id)),
  dropped: 0,
})

/** `live` is false on a window of the past: new lines are then only counted. */
export function foldLogs(
  state: LogState,
  changes: readonly Change[],
  flowRunId: string,
  query: LogQuery,
  live: boolean,
): LogState {
  const fresh = newLogLines(state.known, changes, (change) => change.flowRunId === flowRunId)
  if (fresh.length === 0) return state
  const known = new Set(state.known)
  let { total, ofTask } = state
  const added: LogRow[] = []
  for (const { kind: _, flowRunId: __, ...line } of fresh) {
    known.add(line.id)
    total += 1
    if (ofTask !== null && line.taskRunId === query.taskRunId) ofTask += 1
    if (live && matchesLine(line, query)) added.push({ ...line, line: total })
  }
  const rows = [...state.rows, ...added]
  const over = Math.max(0, rows.length - mostLines)
  return { rows: over > 0 ? rows.slice(over) : rows, total, ofTask, known, dropped: state.dropped + over }
}

const matchesLine = (line: Pick<LogChange, 'level' | 'message' | 'taskRunId'>, query: LogQuery): boolean =>
  line.level >= query.level &&
  (query.taskRunId === null || line.taskRunId === query.taskRunId) &&
  (query.text === null || line.message.toLowerCase().includes(query.text.toLowerCase()))
