import type { Sql } from '../db/clients.ts'
import { canRun } from '../domain/work/language.ts'
import {
  type Desk,
  type DeskAnswer,
  type DeskRequest,
  Desks,
  type DeskWaiter,
  FIRST_RETRY_MS,
} from './desks.ts'
import type { PoolQuiet } from './due-reads.ts'
import type { DueWork, WorkSignal } from './due-work.ts'
import type { Engine } from './engine.ts'
import type { PollWork } from './poll-work.ts'
import type { Presence } from './presence.ts'
import { createStopReads } from './stop-reads.ts'

export interface ClaimDesk {
  /** Settles as soon as there is something to tell, at the latest after `waitMs`. Throws NotFound when there is no such pool. */
  ask(request: DeskRequest): Promise<DeskAnswer>
  /** Something may have moved in a workspace that no signal told of: another replica's commits. */
  stir(workspaceId: string): void
  close(): void
}

export interface ClaimDeskOptions {
  readonly sql: Sql
  readonly engine: Pick<Engine, 'claimFlowRuns' | 'signals'>
  readonly polls: Pick<PollWork, 'knownQuiet' | 'lookForQuiet'>
  readonly dueWork: Pick<DueWork, 'onForgotten' | 'onHeard'>
  readonly presence: Pick<Presence, 'polledQueues'>
  readonly nowMicros: () => number
}

/** Whoever waits looks anew this often, whatever was heard. */
const LOOK_EVERY_MS = 5_000
/** What is due and yet not to be had is tried again at most this seldom. */
const LAST_RETRY_MS = 256
/** Longest delay that a timer can take. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Other replicas' transitions are looked through for runs that are to stop at most this often. */
const STOPS_EVERY_MS = 500
const NOTHING: DeskAnswer = { claims: [], stops: [] }

/**
 * Hands runs to those who wait for them the moment they are due: one timer for all who wait for the same runs, and the
 * signals of commits. However many wait, one look at the database serves all; a claim is made only when something is due, and
 * at once then: a look that is under way is not waited for.
 */
export function createClaimDesk({
  sql,
  engine,
  polls,
  dueWork,
  presence,
  nowMicros,
}: ClaimDeskOptions): ClaimDesk {
  const desks = new Desks()

  /** Lets go whoever's time is over, and who is owed no look any more. */
  const letGo = (desk: Desk, waiter: DeskWaiter): void => {
    if (waiter.isOver && waiter.owed.size === 0 && !waiter.isClaiming && desks.leave(desk, waiter))
      waiter.answer(NOTHING)
  }

  const failAll = (desk: Desk, error: unknown): void => {
    for (const waiter of desk.waiters) if (desks.leave(desk, waiter)) waiter.fail(error)
  }

  /** Something may have moved: claims if anything is due, else sees to it that somebody looks when it is. */
  const serve = (desk: Desk): void => {
    // After a claim there is a look in any case.
    if (desk.waiters.size === 0 || desk.isClaiming) return
    const known = desk.isLooking ? undefined : polls.knownQuiet(desk)
    if (known) goOn(desk, known)
    else look(desk)
  }

  const goOn = (desk: Desk, { poolId, sources, untilMicros }: PoolQuiet): void => {
    desk.poolId = poolId
    desk.sources = sources
    if (desk.waiters.size === 0 || desk.isClaiming) return
    if (untilMicros <= nowMicros()) {
      if (desk.wasInVain) retryLater(desk)
      else claim(desk)
      return
    }
    desk.retryMs = FIRST_RETRY_MS
    desk.wasInVain = false
    wakeIn(desk, untilLook(untilMicros))
    for (const waiter of desk.waiters) {
      waiter.owed.delete('runs')
      letGo(desk, waiter)
    }
  }

  const wakeIn = (desk: Desk, ms: number): void => {
    clearTimeout(desk.timer)
    desk.timer = setTimeout(() => serve(desk), Math.min(ms, MAX_TIMER_MS))
  }

  const retryLater = (desk: Desk): void => {
    desk.wasInVain = false
    wakeIn(desk, desk.retryMs)
    desk.retryMs = Math.min(desk.retryMs * 2, LAST_RETRY_MS)
  }

  /** A timer may fire a little early: then it is set anew, which is sooner than setting it too late each time. */
  const untilLook = (dueMicros: number): number =>
    Math.min(LOOK_EVERY_MS, Math.ceil((dueMicros - nowMicros()) / 1_000))

  const look = (desk: Desk): void => {
    if (desk.isLooking) return
    desk.isLooking = true
    polls.lookForQuiet(desk).then(
      (found) => {
        desk.isLooking = false
        // As it is remembered: what was heard of during the look counts too.
        goOn(desk, polls.knownQuiet(desk) ?? found)
      },
      (error: unknown) => {
        desk.isLooking = false
        failAll(desk, error)
      },
    )
  }

  const claim = (desk: Desk): void => {
    const { poolId } = desk
    if (poolId === null || desk.waiters.size === 0) return
    clearTimeout(desk.timer)
    desk.timer = undefined
    desk.isClaiming = true
    desk.again = false
    const workQueueIds = desk.queueNames === null ? null : desk.sources
    void Promise.all([...desk.waiters].map((waiter) => claimFor(desk, waiter, poolId, workQueueIds))).then(
      (gotSome) => {
        desk.isClaiming = false
        desk.wasInVain = !gotSome.includes(true)
        if (desk.again) claim(desk)
        else if (desk.waiters.size > 0) look(desk)
      },
    )
  }

  /** Answers whether it got anything. */
  const claimFor = async (
    desk: Desk,
    waiter: DeskWaiter,
    workPoolId: string,
    workQueueIds: readonly string[] | null,
  ): Promise<boolean> => {
    const { limit, holder, claimSeconds, client } = waiter.request
    waiter.isClaiming = true
    try {
      const claims = await engine.claimFlowRuns({
        ...{ workspaceId: desk.workspaceId, workPoolId, workQueueIds },
        ...{ runs: desk.runs, limit, holder, seconds: claimSeconds, client },
      })
      waiter.isClaiming = false
      waiter.owed.delete('runs')
      const { stops } = waiter
      if (claims.length + stops.length > 0 && desks.leave(desk, waiter)) waiter.answer({ claims, stops })
      else letGo(desk, waiter)
      return claims.length > 0
    } catch (error) {
      waiter.isClaiming = false
      if (desks.leave(desk, waiter)) waiter.fail(error)
      return false
    }
  }

  const isDueNow = (desk: Desk, signal: WorkSignal): boolean =>
    signal.type === 'due' &&
    signal.workQueueId !== null &&
    signal.dueMicros <= nowMicros() &&
    desk.sources.includes(signal.workQueueId)

  const findStops = createStopReads(sql)

  const newStops = (request: DeskRequest, stops: readonly string[] | undefined): readonly string[] =>
    (stops ?? []).filter((id) => !request.knownStops.includes(id))

  /** Tells those who wait at a desk of runs of theirs that are to stop. */
  const tellStops = async (desk: Desk): Promise<void> => {
    if (desk.poolId === null) return
    const names = [...desk.waiters].map(({ request }) => request.holder.name)
    const found = await findStops(desk.workspaceId, desk.poolId, names)
    for (const waiter of desk.waiters) tellOne(desk, waiter, found)
  }

  const tellOne = (desk: Desk, waiter: DeskWaiter, found: ReadonlyMap<string, readonly string[]>): void => {
    const stops = newStops(waiter.request, found.get(waiter.request.holder.name))
    waiter.owed.delete('stops')
    if (waiter.isClaiming) waiter.stops = stops
    else if (stops.length > 0 && desks.leave(desk, waiter)) waiter.answer({ claims: [], stops })
    else letGo(desk, waiter)
  }

  const stir = (desk: Desk): void => {
    serve(desk)
    const now = Date.now()
    if (now - desk.stopsCheckedAtMs < STOPS_EVERY_MS) return
    desk.stopsCheckedAtMs = now
    tellStops(desk).catch(() => {
      // The next beat of the holder tells it.
    })
  }

  const stopListening = [
    dueWork.onHeard((signal) => {
      for (const desk of desks.of(signal.workspaceId)) {
        if (desk.poolId !== signal.workPoolId && desk.poolId !== null) continue
        if (signal.type === 'due' && !canRun(desk.runs, signal.language)) continue
        if (!isDueNow(desk, signal)) serve(desk)
        else if (desk.isClaiming) desk.again = true
        else claim(desk)
      }
    }),
    engine.signals.on('stop-asked', ({ workspaceId, workPoolId }) => {
      for (const desk of desks.of(workspaceId)) {
        if (desk.poolId === workPoolId) tellStops(desk).catch(() => {})
      }
    }),
    dueWork.onForgotten((workspaceId) => {
      const ids = workspaceId === null ? desks.workspaceIds() : [workspaceId]
      for (const id of ids) for (const desk of desks.of(id)) serve(desk)
    }),
  ]

  return {
    async ask(request) {
      const { workspaceId, holder, signal } = request
      if (signal.aborted) return NOTHING
      const { poolId, sources } = polls.knownQuiet(request) ?? (await polls.lookForQuiet(request))
      presence.polledQueues(workspaceId, poolId, sources)
      return new Promise<DeskAnswer>((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(deadline)
          signal.removeEventListener('abort', giveUp)
        }
        const waiter: DeskWaiter = {
          request,
          answer: (answer) => {
            settle()
            resolve(answer)
          },
          fail: (error) => {
            settle()
            reject(error)
          },
          isClaiming: false,
          owed: new Set(['runs', 'stops']),
          isOver: request.waitMs === 0,
          stops: [],
        }
        const desk = desks.for(request)
        const giveUp = (): void => {
          waiter.isOver = true
          waiter.owed.clear()
          letGo(desk, waiter)
        }
        const deadline = setTimeout(
          () => {
            waiter.isOver = true
            letGo(desk, waiter)
          },
          Math.max(request.waitMs, 1),
        )
        signal.addEventListener('abort', giveUp, { once: true })
        desk.waiters.add(waiter)
        desk.poolId ??= poolId
        serve(desk)
        findStops(workspaceId, poolId, [holder.name]).then(
          (found) => tellOne(desk, waiter, found),
          (error: unknown) => {
            if (!waiter.isClaiming && desks.leave(desk, waiter)) waiter.fail(error)
          },
        )
      })
    },
    stir: (workspaceId) => {
      for (const desk of desks.of(workspaceId)) stir(desk)
    },
    close: () => {
      for (const stop of stopListening) stop()
      for (const workspaceId of desks.workspaceIds()) {
        for (const desk of [...desks.of(workspaceId)]) {
          for (const waiter of desk.waiters) if (desks.leave(desk, waiter)) waiter.answer(NOTHING)
        }
      }
    },
  }
}
