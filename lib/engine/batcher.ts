import { isPassing, isShort, noRoom } from '../db/refusals.ts'
import { Unavailable } from '../domain/problem.ts'

export interface BatcherOptions<Item, Result> {
  readonly name: string
  /** Most weight in one batch; an item weighs 1 unless `weightOf` says otherwise. */
  readonly maxBatch: number
  readonly weightOf?: (item: Item) => number
  /** Most weight that waits; more is refused with Unavailable. */
  readonly maxWaiting: number
  /** Most batches that run at once. Two keep the database busy while answers are handed out. */
  readonly maxInFlight: number
  /**
   * While a batch runs, the next one starts only when this much weight waits for it; else what waits goes when a batch ends. A batch
   * costs as much as dozens of its items, so that many small ones side by side would be slower for everybody. Default 1.
   */
  readonly worthCompany?: number
  /** Whose turn it is: workspaces take turns, so that one with a long queue does not starve the others. */
  readonly tenantOf: (item: Item) => string
  /** Two items with one key never share a batch nor run at once; the later one waits. null: no such bond. */
  readonly keyOf: ((item: Item) => string | null) | null
  /** At most one batch a tenant at once, for writes whose order within a tenant matters. */
  readonly onePerTenant?: true
  /** Does a batch in one transaction and answers a result for each item in order. Throws when the transaction failed. */
  readonly run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>
  readonly onBatch?: (size: number, seconds: number, failed: boolean) => void
  /** Told when the database has no room or does not write: callers learn that they may try again, and nothing of the reason. */
  readonly onShort?: (error: unknown) => void
}

export interface Batcher<Item, Result> {
  add(item: Item): Promise<Result>
  /** Settles when nothing waits or runs, and everybody was answered. Items added afterwards are refused. */
  drain(): Promise<void>
  readonly waiting: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly key: string | null
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
  attempts: number
}

const MAX_ATTEMPTS = 5
/**
 * Answers that are handed out at a stretch. Each is written to a socket at once, and wakes whoever waits for it: in between, what came
 * from the database is read, so that it works on the next batches meanwhile (a tenth more transitions a second).
 */
const ANSWERS_AT_A_STRETCH = 8

/**
 * Coalesces single requests into batches: what arrives while batches run shares the next one. Nobody waits for a timer:
 * an idle batcher starts at once, a busy one grows its batches by itself.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const {
    maxBatch,
    maxWaiting,
    maxInFlight,
    tenantOf,
    keyOf,
    onePerTenant,
    weightOf = () => 1,
    worthCompany = 1,
  } = options
  const queues = new Map<string, Waiting<Item, Result>[]>()
  const busyKeys = new Set<string>()
  const busyTenants = new Set<string>()
  let waiting = 0
  let inFlight = 0
  /** Batches that are done, and some of whose answers are yet to be handed out. */
  let handingOut = 0
  let scheduled = false
  let closed = false
  let drained: (() => void)[] = []

  const mayStart = (): boolean =>
    inFlight === 0 ? waiting > 0 : inFlight < maxInFlight && waiting >= worthCompany

  const schedule = (): void => {
    if (scheduled || !mayStart()) return
    scheduled = true
    // After the present round of I/O, so that requests read in one round share a batch.
    setImmediate(() => {
      scheduled = false
      start()
    })
  }

  const start = (): void => {
    if (!mayStart()) return
    const batch = take()
    if (batch.length === 0) return
    inFlight++
    const tenants = onePerTenant ? new Set(batch.map((entry) => tenantOf(entry.item))) : []
    for (const tenant of tenants) busyTenants.add(tenant)
    void flush(batch).finally(() => {
      inFlight--
      for (const tenant of tenants) busyTenants.delete(tenant)
      for (const entry of batch) if (entry.key !== null) busyKeys.delete(entry.key)
      tellDrained()
      schedule()
    })
    schedule()
  }

  const isDrained = (): boolean => waiting === 0 && inFlight === 0 && handingOut === 0

  const tellDrained = (): void => {
    if (!isDrained()) return
    for (const done of drained) done()
    drained = []
  }

  /** One item a workspace and round, until the batch is full. */
  const take = (): Waiting<Item, Result>[] => {
    const batch: Waiting<Item, Result>[] = []
    let weight = 0
    let found = true
    const cursors = new Map<string, number>()
    while (found && weight < maxBatch) {
      found = false
      for (const [tenant, queue] of queues) {
        if (weight >= maxBatch) break
        if (busyTenants.has(tenant)) continue
        let at = cursors.get(tenant) ?? 0
        while (at < queue.length) {
          const entry = queue[at]
          if (!entry || (entry.key !== null && busyKeys.has(entry.key))) {
            at++
            continue
          }
          // Order within a key is kept: an earlier item of the same key would have been met first.
          queue.splice(at, 1)
          if (entry.key !== null) busyKeys.add(entry.key)
          batch.push(entry)
          weight += weightOf(entry.item)
          waiting -= weightOf(entry.item)
          found = true
          break
        }
        cursors.set(tenant, at)
        if (queue.length === 0) queues.delete(tenant)
      }
    }
    return batch
  }

  const flush = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    const began = performance.now()
    try {
      const results = await options.run(batch.map((entry) => entry.item))
      options.onBatch?.(batch.length, (performance.now() - began) / 1e3, false)
      handOut(batch, results)
    } catch (error) {
      options.onBatch?.(batch.length, (performance.now() - began) / 1e3, true)
      await recover(batch, error)
    }
  }

  const handOut = (
    batch: readonly Waiting<Item, Result>[],
    results: readonly (Result | Error)[],
    from = 0,
  ): void => {
    const end = Math.min(from + ANSWERS_AT_A_STRETCH, batch.length)
    for (let i = from; i < end; i++) {
      const result = results[i]
      if (result instanceof Error || result === undefined)
        batch[i]?.reject(result ?? new Error(`${options.name}: no result`))
      else batch[i]?.resolve(result)
    }
    if (end === batch.length) return
    handingOut++
    setImmediate(() => {
      handingOut--
      handOut(batch, results, end)
      tellDrained()
    })
  }

  /** Passing trouble: the same again, a few times. Else one bad row must not fail its neighbours: singly. */
  const recover = async (batch: readonly Waiting<Item, Result>[], error: unknown): Promise<void> => {
    if (isPassing(error)) {
      const again = batch.filter((entry) => ++entry.attempts < MAX_ATTEMPTS)
      for (const entry of batch) {
        if (entry.attempts >= MAX_ATTEMPTS) {
          entry.reject(
            new Unavailable(
              'The database is busy or away. Nothing was written; send the same request again.',
              1,
              { cause: error },
            ),
          )
        }
      }
      if (again.length === 0) return
      const attempt = again[0]?.attempts ?? 1
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** attempt, 500)))
      return flush(again)
    }
    // One by one they would fare no better.
    if (isShort(error)) options.onShort?.(error)
    const failure = isShort(error) ? noRoom(error) : batch.length === 1 ? error : null
    if (failure !== null) {
      for (const entry of batch) entry.reject(failure)
      return
    }
    for (const entry of batch) await flush([entry])
  }

  return {
    add(item) {
      if (closed)
        return Promise.reject(new Unavailable('The server is shutting down. Send the same request again.'))
      if (waiting >= maxWaiting) {
        return Promise.reject(
          new Unavailable(
            'More writes wait than can be kept. Nothing was written; send the same request again.',
          ),
        )
      }
      return new Promise<Result>((resolve, reject) => {
        const tenant = tenantOf(item)
        const queue = queues.get(tenant)
        const entry: Waiting<Item, Result> = {
          item,
          key: keyOf?.(item) ?? null,
          resolve,
          reject,
          attempts: 0,
        }
        if (queue) queue.push(entry)
        else queues.set(tenant, [entry])
        waiting += weightOf(item)
        schedule()
      })
    },
    drain() {
      closed = true
      if (isDrained()) return Promise.resolve()
      return new Promise((resolve) => drained.push(resolve))
    },
    get waiting() {
      return waiting
    },
  }
}
