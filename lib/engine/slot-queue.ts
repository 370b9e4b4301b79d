import { uuidv7 } from '../db/uuid.ts'
import type { FreedSlots } from '../live/hint.ts'
import type { Batcher } from './batcher.ts'
import type { Signals } from './signals.ts'
import type { SlotAnswer, SlotOrder, TakeSlots } from './slot-orders.ts'
import { presenceMicros, type WaiterKey } from './slot-writes.ts'

/** Slots of limits: taken, given back, waited for. */
export interface Slots {
  settle(order: SlotOrder): Promise<SlotAnswer>
  /**
   * Takes slots; where there are none waits so long for somebody to give some back, and is told at once. Whose signal aborts is out
   * of the line at once.
   */
  take(order: TakeSlots, waitSeconds?: number): Promise<SlotAnswer>
  /**
   * Slots may have come free on another replica: whoever waits in this workspace tries again. null: in any. Where it is known what came
   * free of which limits, by their ids, only those try that may be the next ones.
   */
  wake(workspaceId: string | null, freed?: ReadonlyMap<string, FreedSlots> | null): void
}

type Denied = Extract<SlotAnswer, { type: 'denied' }>

/** Somebody whose request is open. */
interface Waiter {
  readonly id: string
  readonly workspaceId: string
  sinceMicros: number
  /** The limits that refused it the last time. */
  limitIds: readonly string[]
  /** It was told to try again while it did. */
  isWoken: boolean
  wake: () => void
}

/** Who may be the next looks again this often by itself: leases end, and other replicas may not be heard of. */
const LOOK_AGAIN_MS = 1_000
/** Who is further behind, in case that nothing was heard of those before it. */
const LOOK_FROM_FAR_MS = 5_000
/** As others believe that somebody waits for three times as long. */
const RENEW_MS = presenceMicros / 3_000
/** Timers are early by up to so much. */
const EARLY_MS = 1
/** Waiters that are woken beyond the slots that came free where nobody says who is next, since the first may want others too. */
const SPARE = 2
/**
 * Whoever asks again and again is kept so long where others, who keep their requests open, would always be quicker. Clients and
 * proxies give up on an answer no sooner than after half a minute.
 */
const KEPT_SECONDS = 20

export interface SlotQueueOptions {
  readonly orders: Batcher<SlotOrder, SlotAnswer>
  readonly signals: Signals
  readonly nowMicros: () => number
  /** Renews places in the lines of limits; answers those that were there. */
  readonly renew: (places: readonly WaiterKey[]) => Promise<readonly WaiterKey[]>
}

/** Those who wait on this replica. Who of all replicas is next is decided under the limit's lock. */
export function createSlots({ orders, signals, nowMicros, renew }: SlotQueueOptions): Slots {
  const open = new Map<string, Waiter>()
  /** By `workspace limit`, the longest waiting first. */
  const queues = new Map<string, Waiter[]>()
  let isRenewing = false
  let lastMicros = 0
  /** Two that come in one microsecond come one after the other. */
  const arrival = (): number => {
    lastMicros = Math.max(nowMicros(), lastMicros + 1)
    return lastMicros
  }

  const leave = (waiter: Waiter): void => {
    for (const limitId of waiter.limitIds) {
      const key = `${waiter.workspaceId} ${limitId}`
      const queue = (queues.get(key) ?? []).filter((other) => other !== waiter)
      if (queue.length === 0) queues.delete(key)
      else queues.set(key, queue)
    }
    waiter.limitIds = []
  }

  const join = (waiter: Waiter, { limitIds, sinceMicros }: Denied): void => {
    leave(waiter)
    waiter.limitIds = limitIds
    waiter.sinceMicros = sinceMicros
    for (const limitId of limitIds) {
      const key = `${waiter.workspaceId} ${limitId}`
      const queue = queues.get(key) ?? []
      queues.set(key, queue)
      // Who tried in vain is back where it stood.
      const before = queue.findLastIndex((other) => other.sinceMicros < sinceMicros)
      queue.splice(before + 1, 0, waiter)
    }
    if (!isRenewing) renewLater()
  }

  /** For as long as anybody waits. */
  const renewLater = (): void => {
    isRenewing = open.size > 0
    if (isRenewing) setTimeout(() => void renewAll().finally(renewLater), RENEW_MS).unref()
  }

  const renewAll = async (): Promise<void> => {
    const places = [...open.values()].flatMap(({ id, workspaceId, limitIds }) =>
      limitIds.map((limitId) => ({ id, workspaceId, limitId })),
    )
    if (places.length === 0) return
    try {
      const kept = new Set((await renew(places)).map(({ id, limitId }) => `${id} ${limitId}`))
      // It lapsed, as when this process stood still for long: trying again takes it anew.
      for (const { id, limitId } of places) if (!kept.has(`${id} ${limitId}`)) open.get(id)?.wake()
    } catch {
      // The database is away: places are taken anew when it is back.
    }
  }

  const wakeNext = (workspaceId: string, limitId: string, freed: FreedSlots): void => {
    if (typeof freed === 'number') {
      const queue = queues.get(`${workspaceId} ${limitId}`) ?? []
      for (const waiter of queue.slice(0, freed + SPARE)) waiter.wake()
    } else for (const id of freed) open.get(id)?.wake()
  }
  signals.on('slots-free', ({ workspaceId, limitId, slots, next }) =>
    wakeNext(workspaceId, limitId, next ?? slots),
  )

  /** Settles when it is worth a try, or whoever waits is gone. */
  const turn = (waiter: Waiter, signal: AbortSignal | undefined, mostMs: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        waiter.wake = () => {
          waiter.isWoken = true
        }
        resolve()
      }
      const timer = setTimeout(done, mostMs)
      if (signal?.aborted || waiter.isWoken || mostMs <= 0) return done()
      signal?.addEventListener('abort', done, { once: true })
      waiter.wake = done
    })

  /** What was granted to somebody who is gone comes back, at once or as soon as that is known. */
  const holdFor = async (
    { workspaceId, signal }: TakeSlots,
    granted: Extract<SlotAnswer, { type: 'granted' }>,
  ): Promise<SlotAnswer> => {
    const giveBack = (): Promise<unknown> =>
      orders.add({ type: 'end', workspaceId, leaseId: granted.leaseId }).catch(() => {
        // The server stops: the lease runs out, where it has an end.
      })
    if (signal?.aborted) {
      await giveBack()
      return { type: 'withdrawn' }
    }
    signal?.addEventListener('abort', giveBack, { once: true })
    return granted
  }

  /** Asks until there are slots, or the time is over: the last try says so, and gives up the place of the open request. */
  const stand = async (order: TakeSlots, seconds: number, again: boolean): Promise<SlotAnswer> => {
    const until = performance.now() + seconds * 1_000
    const waiter: Waiter = {
      id: uuidv7(),
      workspaceId: order.workspaceId,
      sinceMicros: arrival(),
      limitIds: [],
      isWoken: false,
      wake: () => {
        waiter.isWoken = true
      },
    }
    open.set(waiter.id, waiter)
    let stays = true
    const ask = (asked: TakeSlots): Promise<SlotAnswer> => {
      waiter.isWoken = false
      return orders.add({ ...asked, wait: { id: waiter.id, sinceMicros: waiter.sinceMicros, stays } })
    }
    const askAgain: TakeSlots = { ...order, again: true }
    try {
      let answer = await ask(again ? askAgain : order)
      while (stays && answer.type === 'denied' && answer.retryAfterSeconds !== null) {
        join(waiter, answer)
        const lookMs = Math.min(
          answer.isNear ? LOOK_AGAIN_MS : LOOK_FROM_FAR_MS,
          answer.roomInSeconds * 1_000 + EARLY_MS,
        )
        await turn(waiter, order.signal, Math.min(until - performance.now(), lookMs))
        stays = performance.now() < until
        answer = await ask(askAgain)
      }
      return answer
    } finally {
      leave(waiter)
      open.delete(waiter.id)
    }
  }

  return {
    settle: (order) => orders.add(order),

    async take(order, waitSeconds = 0) {
      let answer = waitSeconds > 0 ? await stand(order, waitSeconds, false) : await orders.add(order)
      if (waitSeconds === 0 && answer.type === 'denied' && answer.isPassedOver)
        answer = await stand(order, KEPT_SECONDS, true)
      return answer.type === 'granted' ? holdFor(order, answer) : answer
    },

    wake(workspaceId, freed = null) {
      if (workspaceId !== null && freed !== null)
        for (const [limitId, slots] of freed) wakeNext(workspaceId, limitId, slots)
      else
        for (const waiter of open.values())
          if (workspaceId === null || waiter.workspaceId === workspaceId) waiter.wake()
    },
  }
}
