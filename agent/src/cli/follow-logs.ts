import WebSocket from 'ws'
import { backoffMs, DEFAULT_BACKOFF } from '../connection/backoff.js'
import { Unreachable, type WorkspaceApi } from '../connection/workspace-api.js'
import { fieldsOf } from '../record/fields.js'
import { CliError } from './cli-error.js'
import { type LogRow, readLog } from './flow-run.js'
import { tell } from './output.js'

export interface LogsToFollow {
  readonly api: WorkspaceApi
  readonly flowRunId: string
  readonly onLog: (log: LogRow) => void
  /** Reads what came before, or during a break. */
  readonly catchUp: () => Promise<void>
  readonly isOver: () => Promise<boolean>
}

/** When nothing has come for this long, we ask whether the run has ended. */
const QUIET_MS = 1_000
const HANDSHAKE_MS = 10_000

/** Whoever waits for the next line should not wait for our patience. */
const BACKOFF = { ...DEFAULT_BACKOFF, capMs: 3_000 }

/**
 * Hands on log lines as they arrive until the run has ended. Comes back after a lost connection; where websockets are blocked, lines
 * are asked for now and then.
 */
export async function followLogs(logs: LogsToFollow): Promise<void> {
  let isAway = false
  for (let failures = 0; ; ) {
    const end = await followOnce(logs)
    if (end.kind === 'over') return logs.catchUp()
    const meanwhile = await readMeanwhile(logs)
    if (meanwhile === 'over') return
    if (meanwhile === 'away' && !isAway) tell('rigel: the control plane cannot be reached. Trying again…')
    isAway = meanwhile === 'away'
    failures = end.kind === 'lost' ? 1 : failures + 1
    await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, BACKOFF)))
  }
}

/** What has come while there was no socket, by HTTP. */
async function readMeanwhile({ isOver, catchUp }: LogsToFollow): Promise<'over' | 'running' | 'away'> {
  try {
    // In this order: once it has ended its lines are all there.
    const over = await isOver()
    await catchUp()
    return over ? 'over' : 'running'
  } catch (error) {
    if (error instanceof Unreachable) return 'away'
    throw error
  }
}

type End = { readonly kind: 'over' | 'lost' | 'unopened' }

/** One connection. Throws CliError when the server refuses. */
function followOnce(logs: LogsToFollow): Promise<End> {
  const { api, flowRunId } = logs
  const socket = new WebSocket(`${api.apiUrl.replace(/^http/, 'ws')}/logs/out`, ['prefect'], {
    handshakeTimeout: HANDSHAKE_MS,
    headers: { authorization: `Bearer ${api.apiKey}` },
  })
  return new Promise((resolve, reject) => {
    let subscribed = false
    // Lines that come while those before them are still being read wait for their turn.
    let early: LogRow[] | null = []
    let quiet: NodeJS.Timeout | undefined
    const finish = (settle: () => void) => {
      clearTimeout(quiet)
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.terminate()
      settle()
    }
    const fail = (error: unknown) => finish(() => reject(error))
    const waitForQuiet = () => {
      clearTimeout(quiet)
      quiet = setTimeout(() => {
        logs.isOver().then((over) => (over ? finish(() => resolve({ kind: 'over' })) : waitForQuiet()), fail)
      }, QUIET_MS)
    }
    socket.on('open', () => socket.send(JSON.stringify({ type: 'auth', token: api.apiKey })))
    socket.on('message', (data) => {
      const frame = parse(data.toString())
      if (frame.type === 'auth_success') {
        const filter = { flow_run_id: { any_: [flowRunId] } }
        socket.send(JSON.stringify({ type: 'filter', filter }))
        subscribed = true
        // After the subscription, so that no line falls between the two.
        logs.catchUp().then(() => {
          for (const log of early ?? []) logs.onLog(log)
          early = null
          waitForQuiet()
        }, fail)
      } else if (frame.type === 'log') {
        const log = readLog(frame.log)
        if (early) early.push(log)
        else {
          logs.onLog(log)
          waitForQuiet()
        }
      }
    })
    socket.on('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy()
      if (statusCode === 401 || statusCode === 403) fail(refused(`answered ${statusCode}`))
      else finish(() => resolve({ kind: 'unopened' }))
    })
    socket.on('error', () => finish(() => resolve({ kind: subscribed ? 'lost' : 'unopened' })))
    socket.on('close', (code, reason) => {
      if (code === 1008) fail(refused(reason.toString() || 'not allowed'))
      else finish(() => resolve({ kind: subscribed ? 'lost' : 'unopened' }))
    })
  })
}

const refused = (why: string): CliError =>
  new CliError(`the control plane refused to stream logs: ${why}`, 'rigel whoami')

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}
