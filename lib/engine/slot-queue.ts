import { uuidv7 } from '../db/uuid.ts'
import type { FreedSlots } from '../live/hint.ts'
import type { Batcher } from './batcher.ts'
import type { OpenWaits, Waiting } from './open-waits.ts'
import type { Signals } from './signals.ts'
import type { OpenWait, SlotAnswer, SlotOrder, Standing, TakeSlots } from './slot-orders.ts'
import { freeSignals } from './slot-signals.ts'
import { calledMicros, presenceMicros, type WaiterKey } from './slot-writes.ts'

/** One try for slots. */
export interface Try {
  readonly wait: OpenWait
  /** It was refused before. */
  readonly again: boolean
  /** What others served it with meanwhile. */
  readonly served: SlotAnswer | null
}

/** Something that needs slots, by whatever transaction they are taken. */
export interface Attempt<Answer> extends Waiting {
  ask(one: Try): Promise<Answer>
  /** null: it got what it needs, or it is in vain. */
  standingOf(answer: Answer): Standing | null
}

/** Slots of limits: taken, given back, waited for. */
export interface Slots {
  settle(order: SlotOrder): Promise<SlotAnswer>
  /**
   * Takes slots; where there are none waits so long for somebody to give some back, and is told at once. Whose signal aborts is out
   * of the line at once.
   */
  take(order: TakeSlots, waitSeconds?: number): Promise<SlotAnswer>
  /** Tries what was passed over, in its place in the line, for as long as somebody waits for an answer. */
  keepInLine<Answer>(attempt: Attempt<Answer>): Promise<Answer>
  /**
   * Slots may have come free on another replica: whoever waits in this workspace tries again. null: in any. Where it is known what came
   * free of which limits, by their ids, only those try that may be the next ones.
   */
  wake(workspaceId: string | null, freed?: ReadonlyMap<string, FreedSlots> | null): void
}

/** Who may be the next looks again this often by itself: leases end, and other replicas may not be heard of. */
const LOOK_AGAIN_MS = 1_000
/** Who is further behind, in case that nothing was heard of those before it. */
const LOOK_FROM_FAR_MS = 5_000
/** As others believe that somebody waits for three times as long. */
const RENEW_MS = presenceMicros / 3_000
/** A little after the places of those who were called have lapsed. */
const CALLED_MS = calledMicros / 1_000 + 50
/** Timers are early by up to so much. */
const EARLY_MS = 1
/**
 * Whoever asks again and again is kept so long where others, who keep their requests open, would always be quicker. Clients and
 * proxies give up on an answer no sooner than after half a minute.
 */
const KEPT_SECONDS = 20

export interface SlotQueueOptions {
  readonly orders: Batcher<SlotOrder, SlotAnswer>
  /** Whom `orders` may serve in passing. */
  readonly waits: OpenWaits
  readonly signals: Signals
  readonly nowMicros: () => number
  /** Renews places in the lines of limits; answers those that were there. */
  readonly renew: (places: readonly WaiterKey[]) => Promise<readonly WaiterKey[]>
}

/** Takes slots for those who wait for them on this replica, and keeps their places in the lines of limits. */
export function createSlots({ orders, waits, signals, nowMicros, renew }: SlotQueueOptions): Slots {
  let isRenewing = false
  let lastMicros = 0
  /** Two that come in one microsecond come one after the other. */
  const arrival = (): number => {
    lastMicros = Math.max(nowMicros(), lastMicros + 1)
    return lastMicros
  }

  /** For as long as anybody waits. */
  const renewLater = (): void => {
    isRenewing = waits.size > 0
    if (isRenewing) setTimeout(() => void renewAll().finally(renewLater), RENEW_MS).unref()
  }

  const renewAll = async (): Promise<void> => {
    const places = [...waits].flatMap(({ id, workspaceId, limitIds }) =>
      limitIds.map((limitId) => ({ id, workspaceId, limitId })),
    )
    if (places.length === 0) return
    try {
      const kept = new Set((await renew(places)).map(({ id, limitId }) => `${id} ${limitId}`))
      // It lapsed, as when this process stood still for long: trying again takes it anew.
      for (const { id, limitId } of places) if (!kept.has(`${id} ${limitId}`)) waits.wakeById(id)
    } catch {
      // The database is away: places are taken anew when it is back.
    }
  }

  /** Limits of which slots are kept for some who were called. */
  const called = new Set<string>()

  /** When those who may be the next do not come, because their replica is gone, those behind them look. */
  const lookAfter = (of: { readonly workspaceId: string; readonly limitId: string }, slots: number): void => {
    if (called.has(of.limitId)) return
    called.add(of.limitId)
    setTimeout(() => {
      called.delete(of.limitId)
      signals.emit(freeSignals(of, slots))
    }, CALLED_MS).unref()
  }

  signals.on('slots-free', ({ workspaceId, limitId, slots, next }) => {
    waits.wakeNext(workspaceId, limitId, next ?? slots)
    if (next?.some((id) => !waits.has(id))) lookAfter({ workspaceId, limitId }, next.length)
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

  /** Tries until nothing refuses it, or the time is over: the last try says so, and gives up the place of the open request. */
  const stand = async <Answer>(
    attempt: Attempt<Answer>,
    seconds: number,
    again: boolean,
  ): Promise<Answer> => {
    const until = performance.now() + seconds * 1_000
    const waiter = waits.open(uuidv7(), attempt, arrival())
    let stays = true
    const ask = (again: boolean, served: SlotAnswer | null): Promise<Answer> => {
      waiter.isWoken = false
      return attempt.ask({ wait: { id: waiter.id, sinceMicros: waiter.sinceMicros, stays }, again, served })
    }
    try {
      let answer = await ask(again, null)
      for (;;) {
        const standing = stays ? attempt.standingOf(answer) : null
        if (standing === null) return answer
        waits.stand(waiter, standing)
        if (!isRenewing) renewLater()
        const lookMs = Math.min(
          standing.isNear ? LOOK_AGAIN_MS : LOOK_FROM_FAR_MS,
          standing.roomInSeconds * 1_000 + EARLY_MS,
        )
        await waits.turn(waiter, Math.min(until - performance.now(), lookMs))
        const served = await waiter.served
        waiter.served = null
        stays = performance.now() < until
        answer = await ask(true, served)
      }
    } finally {
      waits.close(waiter)
    }
  }

  const keepInLine: Slots['keepInLine'] = (attempt) => stand(attempt, KEPT_SECONDS, true)

  const attemptOf = (order: TakeSlots): Attempt<SlotAnswer> => ({
    workspaceId: order.workspaceId,
    signal: order.signal,
    order,
    ask: ({ wait, again, served }) =>
      served?.type === 'granted'
        ? Promise.resolve(served)
        : orders.add(again ? { ...order, again, wait } : { ...order, wait }),
    standingOf: (answer) => (answer.type === 'denied' ? answer.standing : null),
  })

  return {
    settle: (order) => orders.add(order),
    keepInLine,

    async take(order, waitSeconds = 0) {
      let answer =
        waitSeconds > 0 ? await stand(attemptOf(order), waitSeconds, false) : await orders.add(order)
      if (waitSeconds === 0 && answer.type === 'denied' && answer.standing?.isPassedOver)
        answer = await keepInLine(attemptOf(order))
      return answer.type === 'granted' ? holdFor(order, answer) : answer
    },

    wake(workspaceId, freed = null) {
      if (workspaceId !== null && freed !== null)
        for (const [limitId, slots] of freed) waits.wakeNext(workspaceId, limitId, slots)
      else
        for (const waiter of waits)
          if (workspaceId === null || waiter.workspaceId === workspaceId) waits.wake(waiter)
    },
  }
}
