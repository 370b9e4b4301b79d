import { uuidv7 } from '../db/uuid.ts'
import type { Batcher } from './batcher.ts'
import type { Signals } from './signals.ts'
import type { SlotAnswer, SlotOrder, TakeSlots } from './slot-orders.ts'

/** Slots of limits: taken, given back, waited for. */
export interface Slots {
  settle(order: SlotOrder): Promise<SlotAnswer>
  /**
   * Takes slots; where there are none waits so long for somebody to give some back, and is told at once. Whose signal aborts is out
   * of the line at once.
   */
  take(order: TakeSlots, waitSeconds?: number): Promise<SlotAnswer>
  /**
   * Slots may have come free on another replica: whoever waits in this workspace tries again. null: in any. Where it is known how many
   * came free of which limits, by their ids, only those try that may be the next ones.
   */
  wake(workspaceId: string | null, freed?: ReadonlyMap<string, number> | null): void
}

type Denied = Extract<SlotAnswer, { type: 'denied' }>

interface Waiter {
  readonly sinceMicros: number
  readonly workspaceId: string
  readonly limitIds: readonly string[]
  readonly tryAgain: () => void
}

/**
 * Who waits looks again this often by itself: leases end, and other replicas may not be heard of. By this, too, others see that it
 * still waits.
 */
const LOOK_AGAIN_MS = 1_000
/** Timers are early by up to so much. */
const EARLY_MS = 1
/** Whoever asks again and again is kept so long where others, who keep their requests open, would always be quicker. */
const KEPT_SECONDS = 5
/** Waiters that are woken beyond the slots that came free, since the first may want others too. */
const SPARE = 2

export function createSlots(
  orders: Batcher<SlotOrder, SlotAnswer>,
  signals: Signals,
  nowMicros: () => number,
): Slots {
  /** By `workspace limit`, the longest waiting first. Who of all replicas is next is decided under the limit's lock. */
  const waiting = new Map<string, Waiter[]>()
  let lastMicros = 0
  /** Two that come in one microsecond come one after the other. */
  const arrival = (): number => {
    lastMicros = Math.max(nowMicros(), lastMicros + 1)
    return lastMicros
  }

  const keysOf = ({ workspaceId, limitIds }: Waiter): string[] => limitIds.map((id) => `${workspaceId} ${id}`)

  const join = (waiter: Waiter): void => {
    for (const key of keysOf(waiter)) {
      const queue = waiting.get(key)
      if (!queue) {
        waiting.set(key, [waiter])
        continue
      }
      // Who tried in vain is back where it stood.
      const before = queue.findLastIndex((other) => other.sinceMicros < waiter.sinceMicros)
      queue.splice(before + 1, 0, waiter)
    }
  }

  const leave = (waiter: Waiter): void => {
    for (const key of keysOf(waiter)) {
      const queue = (waiting.get(key) ?? []).filter((other) => other !== waiter)
      if (queue.length === 0) waiting.delete(key)
      else waiting.set(key, queue)
    }
  }

  const wakeFirst = (workspaceId: string, limitId: string, slots: number): void => {
    for (const waiter of (waiting.get(`${workspaceId} ${limitId}`) ?? []).slice(0, slots + SPARE))
      waiter.tryAgain()
  }
  signals.on('slots-free', ({ workspaceId, limitId, slots }) => wakeFirst(workspaceId, limitId, slots))

  /** Settles when it is worth a try, or whoever waits is gone. */
  const turn = (
    { workspaceId, signal }: TakeSlots,
    { limitIds, sinceMicros }: Denied,
    mostMs: number,
  ): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted || mostMs <= 0) {
        resolve()
        return
      }
      const waiter: Waiter = {
        sinceMicros,
        workspaceId,
        limitIds,
        tryAgain: () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', waiter.tryAgain)
          leave(waiter)
          resolve()
        },
      }
      const timer = setTimeout(waiter.tryAgain, mostMs)
      signal?.addEventListener('abort', waiter.tryAgain, { once: true })
      join(waiter)
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
    const [id, sinceMicros] = [uuidv7(), arrival()]
    let stays = true
    const first = { ...order, wait: { id, sinceMicros, stays } }
    let answer = await orders.add(again ? { ...first, again } : first)
    while (stays && answer.type === 'denied' && answer.retryAfterSeconds !== null) {
      const left = until - performance.now()
      await turn(order, answer, Math.min(left, LOOK_AGAIN_MS, answer.roomInSeconds * 1_000 + EARLY_MS))
      stays = performance.now() < until
      answer = await orders.add({
        ...order,
        again: true,
        wait: { id, sinceMicros: answer.sinceMicros, stays },
      })
    }
    return answer
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
      if (workspaceId !== null && freed !== null) {
        for (const [limitId, slots] of freed) wakeFirst(workspaceId, limitId, slots)
        return
      }
      for (const [key, queue] of [...waiting]) {
        if (workspaceId === null || key.startsWith(`${workspaceId} `))
          for (const waiter of queue) waiter.tryAgain()
      }
    },
  }
}
