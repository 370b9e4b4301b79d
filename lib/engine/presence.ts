import type { Sql } from '../db/clients.ts'
import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import {
  markDeploymentsPolled,
  markDeploymentsReady,
  markPoolsPolled,
  markQueuesPolled,
  type Seen,
  storeBeats,
  type Turn,
  type WorkerBeat,
  workerKey,
} from './presence-writes.ts'

/** Who is there: workers that send beats, queues and deployments that are polled. */
export interface Presence {
  /**
   * Answers the worker's id. The first beat settles when the worker is stored, later ones at once.
   * Throws NotFound when there is no such pool.
   */
  beat(beat: WorkerBeat): Promise<string>
  /** Somebody asked these queues of a pool for work. */
  polledQueues(workspaceId: string, poolId: string, queueIds: readonly string[]): void
  /** Somebody asked for runs of these deployments. */
  polledDeployments(workspaceId: string, deploymentIds: readonly string[]): void
  /** Writes what waits; settles when it is committed. */
  flush(): Promise<void>
  /** Writes what waits, and takes no more. */
  close(): Promise<void>
}

export interface PresenceOptions {
  readonly sql: Sql
  readonly nowMicros: () => number
  /** Told after COMMIT of what came to be READY, and of workers that came. */
  readonly onTurned: (turns: readonly Turn[]) => Promise<void>
  readonly onError: (error: unknown) => void
  /** How long signs of life wait for company; a first one does not wait. Default 2 s. */
  readonly flushMs?: number
}

/** Whoever was silent for longer is written at once: a status may have turned meanwhile. */
const KNOWN_FOR_MS = 45_000
/** Signs of life of the same queues within this time are one. */
const SAME_MS = 1_000
/** Beyond, whoever was seen is forgotten, and written at once the next time. */
const MAX_KNOWN = 50_000
/** How often the deployments of a queue that is polled are looked through for such as are not ready. */
const DEPLOYMENTS_EVERY_MS = 10_000
/** Rows a statement. */
const BATCH = 500

/**
 * Signs of life gather in memory and are written together: one statement a kind and flush, which touches no index, and no
 * event unless a status turns. What a crash loses is seconds of `last seen`.
 */
export function createPresence(options: PresenceOptions): Presence {
  const { sql, nowMicros, onTurned, onError, flushMs = 2_000 } = options
  const workers = new Map<string, { readonly id: string; seenAtMs: number }>()
  /** When a queue or deployment was last handed to the database, and a queue's deployments looked through. */
  const handed = new Map<string, number>()
  /** When somebody last asked a list of queues, by the list itself: polls answered from memory bring the same one each time. */
  const asked = new WeakMap<readonly string[], number>()
  let waiting = emptyWaiting()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  let closed = false

  const soon = (isFirst: boolean): void => {
    if (closed) return
    if (isFirst) void flush().catch(onError)
    else timer ??= setTimeout(() => void flush().catch(onError), flushMs).unref()
  }

  /** One flush at a time; whoever asks while one runs shares the next. */
  const flush = (): Promise<void> => {
    next ??= running.then(() => {
      next = undefined
      const writing = write()
      running = writing.catch(() => {})
      return writing
    })
    return next
  }

  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const { beats, queues, pools, deployments } = waiting
    waiting = emptyWaiting()
    const turns: Turn[] = []
    for (const batch of batches([...beats.values()])) {
      const stored = await storeBeats(sql, batch)
      const now = Date.now()
      if (workers.size + batch.length > MAX_KNOWN) workers.clear()
      for (const { beat } of batch) {
        const key = workerKey(beat)
        const row = stored.workers.get(key)
        const isNew = !isLately(workers.get(key)?.seenAtMs, KNOWN_FOR_MS, now)
        if (row === undefined) workers.delete(key)
        else workers.set(key, { id: row, seenAtMs: now })
        if (row !== undefined && isNew) turns.push({ noun: 'worker', workspaceId: beat.workspaceId, id: row })
      }
      turns.push(...stored.turns)
    }
    for (const batch of batches([...pools.values()])) await markPoolsPolled(sql, batch)
    for (const batch of batches([...queues.values()])) turns.push(...(await markQueuesPolled(sql, batch)))
    const lookThrough = [...queues.values()].filter(({ workspaceId, id }) =>
      isDue(`d ${workspaceId} ${id}`, DEPLOYMENTS_EVERY_MS),
    )
    for (const batch of batches(lookThrough)) turns.push(...(await markDeploymentsReady(sql, batch)))
    for (const batch of batches([...deployments.values()]))
      turns.push(...(await markDeploymentsPolled(sql, batch)))
    if (turns.length > 0) await onTurned(turns)
  }

  /** Whether it is time again; if so, it counts as done. */
  const isDue = (key: string, everyMs: number): boolean => {
    const now = Date.now()
    if (isLately(handed.get(key), everyMs, now)) return false
    if (handed.size > MAX_KNOWN) handed.clear()
    handed.set(key, now)
    return true
  }

  const isLately = (atMs: number | undefined, withinMs: number, nowMs: number): boolean =>
    atMs !== undefined && nowMs - atMs < withinMs

  const wait = (into: Map<string, Seen>, workspaceId: string, ids: readonly string[]): boolean => {
    const at = formatInstant(nowMicros())
    let isFirst = false
    for (const id of ids) {
      const key = `${workspaceId} ${id}`
      into.set(key, { workspaceId, id, at })
      if (!isLately(handed.get(key), KNOWN_FOR_MS, Date.now())) isFirst = true
      handed.set(key, Date.now())
    }
    return isFirst
  }

  return {
    async beat(beat) {
      const key = workerKey(beat)
      const known = workers.get(key)
      waiting.beats.set(key, { beat, at: formatInstant(nowMicros()) })
      if (known && isLately(known.seenAtMs, KNOWN_FOR_MS, Date.now())) {
        soon(false)
        return known.id
      }
      await flush()
      const id = workers.get(key)?.id
      if (id === undefined) throw new NotFound(`Work pool "${beat.poolName}"`)
      return id
    },
    polledQueues(workspaceId, poolId, queueIds) {
      const now = Date.now()
      if (isLately(asked.get(queueIds), SAME_MS, now)) return
      asked.set(queueIds, now)
      wait(waiting.pools, workspaceId, [poolId])
      soon(wait(waiting.queues, workspaceId, queueIds))
    },
    polledDeployments(workspaceId, deploymentIds) {
      soon(wait(waiting.deployments, workspaceId, deploymentIds))
    },
    flush,
    async close() {
      closed = true
      clearTimeout(timer)
      await flush()
    },
  }
}

const emptyWaiting = () => ({
  beats: new Map<string, { readonly beat: WorkerBeat; readonly at: string }>(),
  queues: new Map<string, Seen>(),
  pools: new Map<string, Seen>(),
  deployments: new Map<string, Seen>(),
})

function* batches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let i = 0; i < items.length; i += BATCH) yield items.slice(i, i + BATCH)
}
