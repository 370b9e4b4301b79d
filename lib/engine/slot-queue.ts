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
  /** Slots may have come free on another replica: whoever waits in this workspace tries again. null: in any. */
  wake(workspaceId: string | null): void
}

interface Waiter {
  readonly place: number
  readonly workspaceId: string
  readonly limitIds: readonly string[]
  readonly tryAgain: () => void
}

/** Who waits looks again this often by itself: leases end, slots drain, and other replicas may not be heard of. */
const LOOK_AGAIN_MS = 1_000
/** Waiters that are woken beyond the slots that came free, since the first may want others too. */
const SPARE = 2

export function createSlots(orders: Batcher<SlotOrder, SlotAnswer>, signals: Signals): Slots {
  /** By `workspace limit`, the longest waiting first. */
  const waiting = new Map<string, Waiter[]>()
  let places = 0

  const keysOf = ({ workspaceId, limitIds }: Waiter): string[] => limitIds.map((id) => `${workspaceId} ${id}`)

  const join = (waiter: Waiter): void => {
    for (const key of keysOf(waiter)) {
      const queue = waiting.get(key)
      if (!queue) {
        waiting.set(key, [waiter])
        continue
      }
      // Who tried in vain is back where it stood.
      const before = queue.findLastIndex((other) => other.place < waiter.place)
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

  signals.on('slots-free', ({ workspaceId, limitId, slots }) => {
    for (const waiter of (waiting.get(`${workspaceId} ${limitId}`) ?? []).slice(0, slots + SPARE))
      waiter.tryAgain()
  })

  /** Settles when it is worth a try, or whoever waits is gone. */
  const turn = (
    { workspaceId, signal }: TakeSlots,
    limitIds: readonly string[],
    place: number,
    mostMs: number,
  ): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve()
        return
      }
      const waiter: Waiter = {
        place,
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

  return {
    settle: (order) => orders.add(order),

    async take(order, waitSeconds = 0) {
      const until = performance.now() + waitSeconds * 1_000
      let answer = await orders.add(order)
      const place = places++
      while (answer.type === 'denied' && answer.retryAfterSeconds !== null) {
        const left = until - performance.now()
        if (left <= 0) return answer
        await turn(order, answer.limitIds, place, Math.min(left, LOOK_AGAIN_MS))
        answer = await orders.add({ ...order, again: true })
      }
      return answer.type === 'granted' ? holdFor(order, answer) : answer
    },

    wake(workspaceId) {
      for (const [key, queue] of [...waiting]) {
        if (workspaceId === null || key.startsWith(`${workspaceId} `))
          for (const waiter of queue) waiter.tryAgain()
      }
    },
  }
}
