import type { ClientView } from '../domain/orchestration/decide.ts'
import type { Capability } from '../domain/work/language.ts'
import type { ClaimHolder } from './claim-writes.ts'
import type { ClaimedRun } from './claims.ts'
import { poolKey } from './poll-work.ts'

/** Somebody who waits for runs of a pool, and hears of runs of its own that are to stop. */
export interface DeskRequest {
  readonly workspaceId: string
  readonly poolName: string
  /** null: all queues of the pool. */
  readonly queueNames: readonly string[] | null
  /** What it can run: it hears of nothing else. */
  readonly runs: Capability
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

export interface DeskWaiter {
  readonly request: DeskRequest
  readonly answer: (answer: DeskAnswer) => void
  readonly fail: (error: unknown) => void
  /** A claim for it is under way: it is not let go before that is known. */
  isClaiming: boolean
  /** What it was promised to be told of, and was not yet: even who does not wait has one look at the runs and one at the stops. */
  readonly owed: Set<'runs' | 'stops'>
  /** Its time is over. */
  isOver: boolean
  /** Its runs that are to stop, found while it was claimed for. */
  stops: readonly string[]
}

/** Those who wait for the same runs of the same queues. */
export interface Desk {
  readonly workspaceId: string
  readonly poolName: string
  readonly queueNames: readonly string[] | null
  readonly runs: Capability
  poolId: string | null
  /** Its queues, as the last look found them. */
  sources: readonly string[]
  readonly waiters: Set<DeskWaiter>
  timer: NodeJS.Timeout | undefined
  isClaiming: boolean
  isLooking: boolean
  /** Something came due during a claim, which may have missed it. */
  again: boolean
  /** The last claim got nothing. */
  wasInVain: boolean
  /** How long to wait with what is due and yet not to be had. */
  retryMs: number
  stopsCheckedAtMs: number
}

/** Due, and yet not to be had: somebody else is just taking it, or another limit holds it back. Then twice as long each time. */
export const FIRST_RETRY_MS = 16

/** Who waits at which desk. There is a desk for as long as somebody waits at it. */
export class Desks {
  readonly #desks = new Map<string, Map<string, Desk>>()

  of(workspaceId: string): Iterable<Desk> {
    return this.#desks.get(workspaceId)?.values() ?? []
  }

  workspaceIds(): readonly string[] {
    return [...this.#desks.keys()]
  }

  for(request: DeskRequest): Desk {
    const { workspaceId, poolName, queueNames, runs } = request
    const ofWorkspace = this.#desks.get(workspaceId) ?? new Map<string, Desk>()
    this.#desks.set(workspaceId, ofWorkspace)
    const key = poolKey(request)
    const desk = ofWorkspace.get(key) ?? {
      workspaceId,
      poolName,
      queueNames,
      runs,
      poolId: null,
      sources: [],
      waiters: new Set(),
      timer: undefined,
      isClaiming: false,
      isLooking: false,
      again: false,
      wasInVain: false,
      retryMs: FIRST_RETRY_MS,
      stopsCheckedAtMs: 0,
    }
    ofWorkspace.set(key, desk)
    return desk
  }

  /** Answers whether it was there: who takes it off may answer it. */
  leave(desk: Desk, waiter: DeskWaiter): boolean {
    const wasThere = desk.waiters.delete(waiter)
    if (desk.waiters.size === 0) {
      clearTimeout(desk.timer)
      desk.timer = undefined
      const ofWorkspace = this.#desks.get(desk.workspaceId)
      const key = poolKey(desk)
      if (ofWorkspace?.get(key) === desk) ofWorkspace.delete(key)
      if (ofWorkspace?.size === 0) this.#desks.delete(desk.workspaceId)
    }
    return wasThere
  }
}
