import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { TaskRunRow } from '../../db/rows/task-run.ts'
import {
  forgetTask,
  giveTaskBack,
  HANDED_SECONDS,
  keepTask,
  nextTaskMicros,
  takeTask,
} from '../../engine/background-tasks.ts'
import { forgetTaskWorker, seeTaskWorker, TASK_WORKER_SECONDS } from '../../engine/task-workers.ts'
import { taskRunJson } from '../task-runs/wire.ts'
import { CLOSE, firstFrame, type WorkspaceSocket } from './accept.ts'

const subscribeFrame = z.looseObject({
  type: z.literal('subscribe'),
  keys: z.array(z.string().max(2_000)).min(1).max(1_000),
  client_id: z.string().max(1_000).nullish(),
})

/** What clients read as "you did not subscribe". */
const NOT_SUBSCRIBED = 4001
/** A wake-up that got lost costs at most this. */
const IDLE_MS = 5_000

/**
 * Hands background tasks to a task worker, one at a time. A worker that is busy reads late, and says `ack` then: until it does the
 * task is its own, for as long as its connection lives. When that ends the task goes to whoever asks next.
 */
export function taskSubscription(socket: WorkspaceSocket): void {
  const { ws, services, handshakeMs } = socket
  firstFrame(ws, handshakeMs, "Expected 'subscribe' message", NOT_SUBSCRIBED, (frame) => {
    const checked = subscribeFrame.safeParse(frame)
    if (!checked.success) return ws.close(NOT_SUBSCRIBED, "Expected 'subscribe' message")
    const { keys, client_id } = checked.data
    return handOut(socket, { taskKeys: [...new Set(keys)], identifier: client_id ?? 'unknown' }).catch(
      (error: unknown) => {
        services.log.error({ err: error }, 'tasks could not be handed out')
        ws.close(CLOSE.trouble, 'Something went wrong on the server')
      },
    )
  })
}

interface Subscriber {
  readonly taskKeys: readonly string[]
  readonly identifier: string
}

async function handOut(
  { ws, services, workspaceId }: WorkspaceSocket,
  { taskKeys, identifier }: Subscriber,
): Promise<void> {
  const { db, nowMicros } = services
  const sql = db.engine
  const connectionId = randomUUID()
  const wake = createWake()
  const frames = readFrames(ws, wake.now)
  let inHand: TaskRunRow | null = null
  const mine = () => ({ workspaceId, holder: connectionId, taskRunId: inHand?.id ?? '' })
  const stops = [
    services.engine.signals.on('task-enqueued', (signal) => {
      if (signal.workspaceId === workspaceId && taskKeys.includes(signal.taskKey)) wake.now()
    }),
    services.replicas.onHint({
      onHint: (hint) => {
        if (hint.workspaceId === workspaceId && hint.kinds.has('work')) wake.now()
      },
      onReset: wake.now,
    }),
  ]
  const beat = setInterval(
    () => {
      // A worker whose machine is gone does not close its connection.
      if (!frames.isAlive()) return ws.terminate()
      ws.ping()
      const stay = async () => {
        await seeTaskWorker(sql, { workspaceId, connectionId, identifier, taskKeys }, nowMicros())
        if (inHand) await keepTask(sql, mine(), nowMicros())
      }
      stay().catch((error: unknown) => services.log.warn({ err: error }, 'a task worker was not kept'))
    },
    (Math.min(HANDED_SECONDS, TASK_WORKER_SECONDS) * 1_000) / 3,
  ).unref()

  try {
    await seeTaskWorker(sql, { workspaceId, connectionId, identifier, taskKeys }, nowMicros())
    while (!frames.isOver()) {
      inHand = await takeTask(sql, { workspaceId, holder: connectionId, taskKeys }, nowMicros())
      if (inHand === null) {
        const next = await nextTaskMicros(sql, { workspaceId, taskKeys })
        const untilNextMs = next === null ? IDLE_MS : Math.max(10, (next - nowMicros()) / 1_000)
        await wake.wait(Math.min(IDLE_MS, untilNextMs))
        continue
      }
      ws.send(taskRunJson(inHand, nowMicros()))
      if (!(await frames.acknowledged())) break
      await forgetTask(sql, mine())
      inHand = null
    }
  } finally {
    clearInterval(beat)
    for (const stop of stops) stop()
    if (inHand) {
      const taskKey = await giveTaskBack(sql, mine())
      if (taskKey !== null)
        services.engine.signals.emit([
          { type: 'task-enqueued', workspaceId, taskKey, availableMicros: nowMicros() },
        ])
    }
    await forgetTaskWorker(sql, { workspaceId, connectionId })
    ws.close(1000)
  }
}

/** Something to wait for with a time limit. A call that comes while nobody waits is remembered. */
function createWake() {
  let called = false
  let resolve: (() => void) | null = null
  return {
    now: (): void => {
      called = true
      resolve?.()
    },
    wait: async (ms: number): Promise<void> => {
      if (!called) {
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((done) => {
          resolve = done
          timer = setTimeout(done, ms)
        })
        clearTimeout(timer)
        resolve = null
      }
      called = false
    },
  }
}

/** The worker's answers: `ack`, or anything else, which ends it; as does its going. */
function readFrames(ws: WebSocket, onChange: () => void) {
  let acks = 0
  let over = ws.readyState !== ws.OPEN
  let heard = true
  let waiting: ((acknowledged: boolean) => void) | null = null
  const settle = (): void => {
    if (!waiting || (acks === 0 && !over)) return
    const done = waiting
    waiting = null
    const acknowledged = acks > 0
    if (acknowledged) acks--
    done(acknowledged)
  }
  const end = (): void => {
    over = true
    settle()
    onChange()
  }
  ws.on('message', (data) => {
    heard = true
    if (isAck(String(data))) acks++
    else over = true
    settle()
    if (over) onChange()
  })
  ws.on('pong', () => {
    heard = true
  })
  ws.on('ping', (data) => {
    heard = true
    ws.pong(data)
  })
  ws.once('close', end)
  if (ws.readyState !== ws.OPEN) end()
  return {
    isOver: () => over,
    /** Whether anything was heard since it was asked last. */
    isAlive: () => {
      const alive = heard
      heard = false
      return alive
    },
    acknowledged: (): Promise<boolean> =>
      new Promise((resolve) => {
        waiting = resolve
        settle()
      }),
  }
}

function isAck(text: string): boolean {
  try {
    return (JSON.parse(text) as { type?: unknown } | null)?.type === 'ack'
  } catch {
    return false
  }
}
