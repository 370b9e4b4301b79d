import { isBefore } from '../domain/limits/line.ts'
import type { FreedSlots } from '../live/hint.ts'
import type { SlotAnswer, Standing, TakeSlots } from './slot-orders.ts'

/** Who waits for slots, as far as the wait goes. */
export interface Waiting {
  readonly workspaceId: string
  /** Aborts when whoever waits is gone. */
  readonly signal?: AbortSignal | undefined
  /** What it may be served with by others; null: it has to try by itself. */
  readonly order: TakeSlots | null
}

/** Somebody whose request is open. */
export interface OpenWaiter extends Waiting {
  readonly id: string
  sinceMicros: number
  /** The limits that refused it the last time. */
  limitIds: readonly string[]
  /** It was told to try again while it did. */
  isWoken: boolean
  /** Ends its turn of waiting; null while it tries. */
  endTurn: (() => void) | null
  /** It is being served, in a transaction that others began: until then it does not try. */
  served: Promise<SlotAnswer | null> | null
  answer: (answer: SlotAnswer | null) => void
}

/** Waiters that are woken beyond the slots that came free where nobody says who is next, since the first may want others too. */
const SPARE = 2

/** Those who wait for slots on this replica. Who of all replicas is next is decided under the limit's lock. */
export class OpenWaits {
  readonly #waiters = new Map<string, OpenWaiter>()
  /** By `workspace limit`, the longest waiting first. */
  readonly #queues = new Map<string, OpenWaiter[]>()
  /** Those who try for the first time, and stand nowhere yet. */
  readonly #fresh = new Set<OpenWaiter>()

  get size(): number {
    return this.#waiters.size
  }

  /** Whether it waits on this replica. */
  has(id: string): boolean {
    return this.#waiters.has(id)
  }

  [Symbol.iterator](): Iterator<OpenWaiter> {
    return this.#waiters.values()
  }

  open(id: string, { workspaceId, signal, order }: Waiting, sinceMicros: number): OpenWaiter {
    const waiter: OpenWaiter = {
      id,
      workspaceId,
      signal,
      order,
      sinceMicros,
      limitIds: [],
      isWoken: false,
      endTurn: null,
      served: null,
      answer: () => {},
    }
    this.#waiters.set(id, waiter)
    this.#fresh.add(waiter)
    return waiter
  }

  close(waiter: OpenWaiter): void {
    this.#leaveQueues(waiter)
    this.#fresh.delete(waiter)
    this.#waiters.delete(waiter.id)
  }

  /** Who tried in vain stands where it stood. */
  stand(waiter: OpenWaiter, { limitIds, sinceMicros }: Pick<Standing, 'limitIds' | 'sinceMicros'>): void {
    this.#leaveQueues(waiter)
    this.#fresh.delete(waiter)
    waiter.limitIds = limitIds
    waiter.sinceMicros = sinceMicros
    for (const limitId of limitIds) {
      const key = `${waiter.workspaceId} ${limitId}`
      const queue = this.#queues.get(key) ?? []
      this.#queues.set(key, queue)
      // As their places in the line are: those who were first refused in one batch came in one microsecond.
      const before = queue.findLastIndex((other) => isBefore(other, waiter))
      queue.splice(before + 1, 0, waiter)
    }
  }

  #leaveQueues(waiter: OpenWaiter): void {
    for (const limitId of waiter.limitIds) {
      const key = `${waiter.workspaceId} ${limitId}`
      const queue = (this.#queues.get(key) ?? []).filter((other) => other !== waiter)
      if (queue.length === 0) this.#queues.delete(key)
      else this.#queues.set(key, queue)
    }
    waiter.limitIds = []
  }

  /** Settles when it is worth a try, or whoever waits is gone. */
  turn(waiter: OpenWaiter, mostMs: number): Promise<void> {
    const { signal } = waiter
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        waiter.endTurn = null
        resolve()
      }
      const timer = setTimeout(done, mostMs)
      if (signal?.aborted || waiter.isWoken || mostMs <= 0) return done()
      signal?.addEventListener('abort', done, { once: true })
      waiter.endTurn = done
    })
  }

  wake(waiter: OpenWaiter | undefined): void {
    if (waiter === undefined) return
    waiter.isWoken = true
    waiter.endTurn?.()
  }

  wakeById(id: string): void {
    this.wake(this.#waiters.get(id))
  }

  /** Those try who may be the next ones for what came free of a limit. */
  wakeNext(workspaceId: string, limitId: string, freed: FreedSlots): void {
    if (typeof freed === 'number') {
      const queue = this.#queues.get(`${workspaceId} ${limitId}`) ?? []
      for (const waiter of queue.slice(0, freed + SPARE)) this.wake(waiter)
      // Who gives back in a transition waits for nobody's lock: whoever is being refused at this moment may have looked before.
      for (const waiter of this.#fresh) if (waiter.workspaceId === workspaceId) this.wake(waiter)
    } else for (const id of freed) this.wakeById(id)
  }

  /**
   * What somebody waits for who may be served with it right now: until `answer` it does not try by itself. null: nobody such is here,
   * or it just tries.
   */
  call(id: string): TakeSlots | null {
    const waiter = this.#waiters.get(id)
    if (!waiter?.order || !waiter.endTurn || waiter.served !== null) return null
    waiter.served = new Promise((resolve) => {
      waiter.answer = resolve
    })
    return { ...waiter.order, again: true, wait: { id, sinceMicros: waiter.sinceMicros, stays: true } }
  }

  /** What whoever was called is given; null: nothing, it tries by itself. */
  answer(id: string, answer: SlotAnswer | null): void {
    const waiter = this.#waiters.get(id)
    waiter?.answer(answer)
    waiter?.endTurn?.()
  }
}
