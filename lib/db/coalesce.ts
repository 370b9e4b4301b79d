import type { Database, Transaction } from './clients.ts'
import { readWorkspace } from './scope.ts'

export interface CoalescedRead<Row extends { readonly id: string }> {
  /** Most ids that one statement looks up. */
  readonly maxBatch: number
  /** One statement for all ids; rows that are not there are left out. */
  readonly read: (sql: Transaction, workspaceId: string, ids: readonly string[]) => Promise<readonly Row[]>
}

interface Queue<Row> {
  waiting: Map<string, { resolve: (row: Row | undefined) => void; reject: (error: unknown) => void }[]>
  reading: boolean
}

/**
 * Reads rows by id so that requests for one workspace which arrive while a read is under way share the next one.
 * A request never joins a read that has begun: what was committed before it asked is in its answer.
 */
export function coalesce<Row extends { readonly id: string }>({ maxBatch, read }: CoalescedRead<Row>) {
  const queuesOf = new WeakMap<Database, Map<string, Queue<Row>>>()

  const run = async (
    db: Database,
    workspaceId: string,
    queues: Map<string, Queue<Row>>,
    queue: Queue<Row>,
  ): Promise<void> => {
    while (queue.waiting.size > 0) {
      const batch = [...queue.waiting].slice(0, maxBatch)
      for (const [id] of batch) queue.waiting.delete(id)
      try {
        const rows = await readWorkspace(db, workspaceId, (sql) =>
          read(
            sql,
            workspaceId,
            batch.map(([id]) => id),
          ),
        )
        const byId = new Map(rows.map((row) => [row.id, row]))
        for (const [id, callers] of batch) for (const caller of callers) caller.resolve(byId.get(id))
      } catch (error) {
        for (const [, callers] of batch) for (const caller of callers) caller.reject(error)
      }
    }
    queue.reading = false
    queues.delete(workspaceId)
  }

  return (db: Database, workspaceId: string, id: string): Promise<Row | undefined> => {
    const queues = queuesOf.get(db) ?? new Map<string, Queue<Row>>()
    queuesOf.set(db, queues)
    const queue = queues.get(workspaceId) ?? { waiting: new Map(), reading: false }
    queues.set(workspaceId, queue)
    const { waiting } = queue
    const answer = new Promise<Row | undefined>((resolve, reject) => {
      const callers = waiting.get(id)
      if (callers) callers.push({ resolve, reject })
      else waiting.set(id, [{ resolve, reject }])
    })
    if (!queue.reading) {
      queue.reading = true
      // After the present round of I/O, so that requests read in one round share a statement.
      setImmediate(() => void run(db, workspaceId, queues, queue))
    }
    return answer
  }
}

/**
 * Lets callers who ask the same share one read: whoever asks while a read of that key runs joins the next one.
 * As above, nobody joins a read that has begun. Keys name all that the answer depends on, the workspace first.
 */
export function shareReads<Result>() {
  const waiting = new Map<string, Promise<Result>>()
  const running = new Map<string, Promise<unknown>>()

  return (key: string, read: () => Promise<Result>): Promise<Result> => {
    const joined = waiting.get(key)
    if (joined) return joined
    const before = running.get(key) ?? new Promise((resolve) => setImmediate(resolve))
    const next = before.then(() => {
      waiting.delete(key)
      const begun = read()
      const settled = begun.then(
        () => {},
        () => {},
      )
      running.set(key, settled)
      void settled.then(() => {
        if (running.get(key) === settled) running.delete(key)
      })
      return begun
    })
    waiting.set(key, next)
    return next
  }
}
