import type { WorkspaceApi } from '../connection/workspace-api.js'
import { type FlowRunRow, isOver, type LogRow, readLog } from './flow-run.js'
import { followLogs } from './follow-logs.js'
import { localTime, printResult } from './output.js'

const PAGE_SIZE = 200
const LEVELS: readonly [number, string][] = [
  [50, 'CRITICAL'],
  [40, 'ERROR'],
  [30, 'WARNING'],
  [20, 'INFO'],
  [0, 'DEBUG'],
]

interface Showing {
  /** Go on until the run has ended. */
  readonly follow: boolean
  readonly json?: boolean
  readonly isOver: () => Promise<boolean>
}

/** Prints the log lines of a run, oldest first, each once. */
export async function showLogs(api: WorkspaceApi, run: FlowRunRow, showing: Showing): Promise<void> {
  const show = onlyOnce(showing.json ? printRaw : printLine)
  const catchUp = () => readAll(api, run, show)
  if (!showing.follow || isOver(run)) return catchUp()
  await followLogs({ api, flowRunId: run.id, onLog: show, catchUp, isOver: showing.isOver })
}

async function readAll(api: WorkspaceApi, run: FlowRunRow, show: (log: LogRow) => void): Promise<void> {
  for (let offset = 0; ; offset += PAGE_SIZE) {
    const page = await api.post('logs/filter', {
      logs: { flow_run_id: { any_: [run.id] } },
      sort: 'TIMESTAMP_ASC',
      limit: PAGE_SIZE,
      offset,
    })
    if (!Array.isArray(page)) return
    for (const log of page) show(readLog(log))
    if (page.length < PAGE_SIZE) return
  }
}

/** The pages that were read and the stream overlap. */
function onlyOnce(show: (log: LogRow) => void): (log: LogRow) => void {
  const shown = new Set<string>()
  return (log) => {
    if (log.id !== '' && shown.has(log.id)) return
    shown.add(log.id)
    show(log)
  }
}

const printRaw = (log: LogRow): void => printResult(JSON.stringify(log.raw))

function printLine({ level, timestamp, message }: LogRow): void {
  const name = LEVELS.find(([least]) => level >= least)?.[1] ?? String(level)
  printResult(`${localTime(timestamp, true)} | ${name.padEnd(7)} | ${message}`)
}
