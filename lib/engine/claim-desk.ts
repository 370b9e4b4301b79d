import type { Sql } from '../db/clients.ts'
import type { ClientView } from '../domain/orchestration/decide.ts'
import type { ClaimHolder } from './claim-writes.ts'
import type { ClaimedRun } from './claims.ts'
import type { DueWork } from './due-work.ts'
import type { Engine } from './engine.ts'
import { type PollWork, poolKey } from './poll-work.ts'
import type { Presence } from './presence.ts'

/** Somebody who waits for runs of a pool, and hears of runs of its own that are to stop. */
export interface DeskRequest {
  readonly workspaceId: string
  readonly poolName: string
  /** null: all queues of the pool. */
  readonly queueNames: readonly string[] | null
  readonly limit: number
  readonly holder: ClaimHolder & { readonly name: string }
  readonly claimSeconds: number
  readonly client: ClientView
  readonly waitMs: number
  /** Runs that it stops already. */
  readonly knownStops: readonly string[]
  /** When it is gone, or the server ends: nothing more is claimed for it. */
  readonly signal: AbortSignal
}

export interface DeskAnswer {
  readonly claims: readonly ClaimedRun[]
  /** Runs of the holder that are to stop, beyond those it knows. */
  readonly stops: readonly string[]
}

interface Waiter {
  readonly request: DeskRequest
  readonly answer: (answer: DeskAnswer) => void
  readonly fail: (error: unknown) => void
  /** A claim for it is under way: it is not let go before that is known. */
  isClaiming: boolean
  /** It was told to go, or its time is over. */
  isOver: boolean
}

/** Those who wait for the same queues. */
interface Desk {
  readonly workspaceId: string
  readonly poolName: string
  readonly queueNames: readonly string[] | null
  poolId: string | null
  readonly waiters: Set<Waiter>
  timer: NodeJS.Timeout | undefined
  isServing: boolean
  /** Something moved while it was being served. */
  again: boolean
  stopsCheckedAtMs: number
}

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
  readonly polls: Pick<PollWork, 'quietOf'>
  readonly dueWork: Pick<DueWork, 'onForgotten'>
  readonly presence: Pick<Presence, 'polledQueues'>
  readonly nowMicros: () => number
}

/** Whoever waits looks anew this often, whatever was heard. */
const LOOK_EVERY_MS = 5_000
/** Due, and yet not to be had: somebody else is just taking it, or another limit holds it back. */
const RETRY_MS = 250
/** Longest delay that a timer can take. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Other replicas' transitions are looked through for runs that are to stop at most this often. */
const STOPS_EVERY_MS = 500
const NOTHING: DeskAnswer = { claims: [], stops: [] }

/**
 * Hands runs to those who wait for them the moment they are due: one timer for all who wait for the same queues, and the
 * signals of commits. However many wait, one look at the database serves all; a claim is made only when something is due.
 */
export function createClaimDesk({
  sql,
  engine,
  polls,
  dueWork,
  presence,
  nowMicros,
}: ClaimDeskOptions): ClaimDesk {
  const desks = new Map<string, Map<string, Desk>>()

  const desksOf = (workspaceId: string): Iterable<Desk> => desks.get(workspaceId)?.values() ?? []

  const deskFor = ({ workspaceId, poolName, queueNames }: DeskRequest): Desk => {
    const ofWorkspace = desks.get(workspaceId) ?? new Map<string, Desk>()
    desks.set(workspaceId, ofWorkspace)
    const key = poolKey(poolName, queueNames)
    const desk = ofWorkspace.get(key) ?? {
      workspaceId,
      poolName,
      queueNames,
      poolId: null,
      waiters: new Set(),
      timer: undefined,
      isServing: false,
      again: false,
      stopsCheckedAtMs: 0,
    }
    ofWorkspace.set(key, desk)
    return desk
  }

  const leave = (desk: Desk, waiter: Waiter): boolean => {
    const wasThere = desk.waiters.delete(waiter)
    if (desk.waiters.size === 0) {
      clearTimeout(desk.timer)
      desk.timer = undefined
      const ofWorkspace = desks.get(desk.workspaceId)
      const key = poolKey(desk.poolName, desk.queueNames)
      if (ofWorkspace?.get(key) === desk) ofWorkspace.delete(key)
      if (ofWorkspace?.size === 0) desks.delete(desk.workspaceId)
    }
    return wasThere
  }

  /** Serves a desk, one round at a time; what moves meanwhile is served in the next. */
  const serve = (desk: Desk): void => {
    if (desk.isServing) {
      desk.again = true
      return
    }
    desk.isServing = true
    clearTimeout(desk.timer)
    desk.timer = undefined
    const rounds = async (): Promise<void> => {
      do {
        desk.again = false
        const waitMs = await serveOnce(desk)
        if (waitMs > 0 && desk.waiters.size > 0) {
          desk.timer = setTimeout(() => serve(desk), Math.min(waitMs, MAX_TIMER_MS))
        } else if (desk.waiters.size > 0) desk.again = true
      } while (desk.again && desk.waiters.size > 0)
    }
    rounds()
      .catch((error: unknown) => {
        for (const waiter of desk.waiters) if (leave(desk, waiter)) waiter.fail(error)
      })
      .finally(() => {
        desk.isServing = false
      })
  }

  /** Claims for those who wait if anything is due. Answers how long to wait for the next look. */
  const serveOnce = async (desk: Desk): Promise<number> => {
    let quiet = await polls.quietOf(desk)
    desk.poolId = quiet.poolId
    if (quiet.untilMicros > nowMicros()) return untilLook(quiet.untilMicros)
    const asking = [...desk.waiters]
    const queueIds = desk.queueNames === null ? null : quiet.sources
    const { poolId } = quiet
    const got = await Promise.all(
      asking.map(async (waiter) => {
        const { request } = waiter
        waiter.isClaiming = true
        try {
          const claims = await engine.claimFlowRuns({
            workspaceId: desk.workspaceId,
            workPoolId: poolId,
            workQueueIds: queueIds,
            limit: request.limit,
            holder: request.holder,
            seconds: request.claimSeconds,
            client: request.client,
          })
          waiter.isClaiming = false
          if ((claims.length > 0 || waiter.isOver) && leave(desk, waiter))
            waiter.answer({ claims, stops: [] })
          return claims.length
        } catch (error) {
          if (leave(desk, waiter)) waiter.fail(error)
          return 0
        }
      }),
    )
    if (desk.waiters.size === 0) return 0
    quiet = await polls.quietOf(desk, true)
    if (quiet.untilMicros > nowMicros()) return untilLook(quiet.untilMicros)
    return got.some((claims) => claims > 0) ? 0 : RETRY_MS
  }

  /** A timer may fire a little early: then it would find nothing due yet. */
  const untilLook = (dueMicros: number): number =>
    Math.min(LOOK_EVERY_MS, Math.ceil((dueMicros - nowMicros()) / 1_000) + 1)

  const findStops = async (
    workspaceId: string,
    poolId: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> => {
    const rows = await sql<{ runId: string; holderName: string }[]>`
      select c.run_id, c.holder_name from run_claims c
      join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
      where c.workspace_id = ${workspaceId} and c.work_pool_id = ${poolId} and c.holder_name = any(${[...names]}::text[])
        and r.state_type = 'CANCELLING'`
    const byName = new Map<string, string[]>()
    for (const { runId, holderName } of rows)
      byName.set(holderName, [...(byName.get(holderName) ?? []), runId])
    return byName
  }

  const newStops = (request: DeskRequest, stops: readonly string[] | undefined): readonly string[] =>
    (stops ?? []).filter((id) => !request.knownStops.includes(id))

  /** Tells those who wait at a desk of runs of theirs that are to stop. */
  const tellStops = async (desk: Desk): Promise<void> => {
    if (desk.poolId === null) return
    const names = [...desk.waiters].map(({ request }) => request.holder.name)
    const found = await findStops(desk.workspaceId, desk.poolId, names)
    for (const waiter of desk.waiters) {
      const stops = newStops(waiter.request, found.get(waiter.request.holder.name))
      if (stops.length > 0 && !waiter.isClaiming && leave(desk, waiter)) waiter.answer({ claims: [], stops })
    }
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
    engine.signals.on('due', ({ workspaceId, workPoolId }) => {
      for (const desk of desksOf(workspaceId))
        if (desk.poolId === workPoolId || desk.poolId === null) serve(desk)
    }),
    engine.signals.on('work-slot-free', ({ workspaceId, workPoolId }) => {
      for (const desk of desksOf(workspaceId)) if (desk.poolId === workPoolId) serve(desk)
    }),
    engine.signals.on('stop-asked', ({ workspaceId, workPoolId }) => {
      for (const desk of desksOf(workspaceId)) {
        if (desk.poolId === workPoolId) tellStops(desk).catch(() => {})
      }
    }),
    dueWork.onForgotten((workspaceId) => {
      const ids = workspaceId === null ? [...desks.keys()] : [workspaceId]
      for (const id of ids) for (const desk of desksOf(id)) serve(desk)
    }),
  ]

  return {
    async ask(request) {
      const { workspaceId, holder, signal } = request
      if (signal.aborted) return NOTHING
      const { poolId, sources } = await polls.quietOf(request)
      presence.polledQueues(workspaceId, poolId, sources)
      const stops = newStops(request, (await findStops(workspaceId, poolId, [holder.name])).get(holder.name))
      if (stops.length > 0) return { claims: [], stops }
      return new Promise<DeskAnswer>((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(deadline)
          signal.removeEventListener('abort', giveUp)
        }
        const waiter: Waiter = {
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
          isOver: false,
        }
        const desk = deskFor(request)
        const giveUp = (): void => {
          waiter.isOver = true
          if (!waiter.isClaiming && leave(desk, waiter)) waiter.answer(NOTHING)
        }
        // One look is had even by those who do not wait.
        const deadline = setTimeout(giveUp, request.waitMs)
        signal.addEventListener('abort', giveUp, { once: true })
        desk.waiters.add(waiter)
        desk.poolId ??= poolId
        serve(desk)
      })
    },
    stir: (workspaceId) => {
      for (const desk of desksOf(workspaceId)) stir(desk)
    },
    close: () => {
      for (const stop of stopListening) stop()
      for (const workspaceId of [...desks.keys()]) {
        for (const desk of [...desksOf(workspaceId)]) {
          for (const waiter of desk.waiters) if (leave(desk, waiter)) waiter.answer(NOTHING)
        }
      }
    },
  }
}
