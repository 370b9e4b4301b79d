import type { Transaction } from '../db/clients.ts'
import type { Statement } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import { lastPlace } from '../domain/limits/line.ts'
import { isHeld } from '../domain/orchestration/claim-bookkeeping.ts'
import {
  type ClaimFact,
  type Decision,
  type DeploymentLimitFact,
  type Facts,
  needsOf,
} from '../domain/orchestration/decide.ts'
import { flowPolicies } from '../domain/orchestration/policies.ts'
import { languageOf } from '../domain/work/language.ts'
import { plainArray } from './array-literal.ts'
import { type ClaimHolder, type ClaimRow, closeClaims, openClaims } from './claim-writes.ts'
import type { StateProposal } from './engine.ts'
import { byRun, type RunKey } from './key-order.ts'
import { type LockedLimit, lockLimits } from './limit-books.ts'
import type { Signal } from './signals.ts'
import { freedSignals, freeSignals, movedSignals } from './slot-signals.ts'
import {
  deleteLeases,
  deleteLeasesOfHolders,
  deleteWaiters,
  type EndedLease,
  extendLeases,
  insertLeases,
  type LeaseKey,
  type LeaseRow,
  runWaiter,
  saveWaiters,
  type WaiterKey,
  type WaiterRow,
} from './slot-writes.ts'
import { claimFact, microsOf, type StoredClaim, type StoredFlowRun } from './stored.ts'
import type { LimitKey } from './wanted-limits.ts'
import { WorkPlaces } from './work-places.ts'

/** A proposal, and the run that it is about. */
export interface Asked {
  readonly proposal: StateProposal
  readonly run: StoredFlowRun
}

const microsPerSecond = 1_000_000
const defaultGraceSeconds = 300

/**
 * What a batch of runs may take and gives back: slots of deployments, of pools and queues, and claims. Read once under their locks,
 * and kept as the batch goes on, so that two runs of one batch never get the same slot. For runs that stand under no limit it is
 * empty, and costs no statement.
 */
export class FlowRunLedger {
  readonly #nowMicros: number
  readonly #limits: ReadonlyMap<string, LockedLimit>
  readonly #liveLeases: ReadonlySet<string>
  readonly #places: WorkPlaces
  /** Of runs whose claim was locked; null where there was none. */
  readonly #claims: ReadonlyMap<string, ClaimFact | null>
  readonly #opened: ClaimRow[] = []
  readonly #closed: RunKey[] = []
  readonly #taken: LeaseRow[] = []
  readonly #extended: (LeaseKey & { readonly expiresMicros: number | null })[] = []
  readonly #ended: LeaseKey[] = []
  readonly #endedOfRuns: { workspaceId: string; holderId: string; limitId: string | null }[] = []
  readonly #joined: WaiterRow[] = []
  readonly #left: WaiterKey[] = []
  readonly #signals: Signal[] = []

  private constructor(
    nowMicros: number,
    limits: ReadonlyMap<string, LockedLimit>,
    liveLeases: ReadonlySet<string>,
    places: WorkPlaces,
    claims: ReadonlyMap<string, ClaimFact | null>,
  ) {
    this.#nowMicros = nowMicros
    this.#limits = limits
    for (const { lapsed } of limits.values()) this.#signals.push(...freedSignals(lapsed, nowMicros))
    this.#liveLeases = liveLeases
    this.#places = places
    this.#claims = claims
  }

  /** Reads what the rules will ask for, in the order of locks: pools, then limits, then claims. */
  static async open(sql: Transaction, asked: readonly Asked[], nowMicros: number): Promise<FlowRunLedger> {
    const { atWork, limits, waiters, leases, claims } = lookUpsFor(asked)
    const places = await WorkPlaces.open(sql, atWork)
    const locked =
      limits.size === 0 ? none : await lockLimits(sql, { keys: [...limits.values()] }, waiters, nowMicros)
    const live = leases.length === 0 || locked.size === 0 ? noLeases : await readLeases(sql, leases)
    const held = claims.length === 0 ? noClaims : await lockClaims(sql, claims)
    return new FlowRunLedger(nowMicros, locked, live, places, held)
  }

  /** The same for runs that stand under nothing; null: something is to be read. */
  static unread(asked: readonly Asked[], nowMicros: number): FlowRunLedger | null {
    const { atWork, limits, claims } = lookUpsFor(asked)
    if (atWork.length > 0 || limits.size > 0 || claims.length > 0) return null
    return new FlowRunLedger(nowMicros, none, noLeases, WorkPlaces.none, noClaims)
  }

  factsOf(asked: Asked): Pick<Facts, 'deploymentLimit' | 'workSlots' | 'claim'> {
    const { run } = asked
    const locked = this.#claims.get(`${run.workspaceId} ${run.id}`)
    return {
      deploymentLimit:
        run.deploymentLimitId === null ? null : this.#deploymentLimit(asked, run.deploymentLimitId),
      workSlots: run.workQueueId === null ? null : this.#places.factOf(run),
      claim: locked === undefined ? claimFact(run) : locked,
    }
  }

  #deploymentLimit(asked: Asked, limitId: string): DeploymentLimitFact | null {
    const { run } = asked
    const options = run.concurrencyOptions
    const shared = {
      limitId,
      collisionStrategy: options?.collision_strategy === 'CANCEL_NEW' ? 'CANCEL_NEW' : 'ENQUEUE',
      gracePeriodSeconds: options?.grace_period_seconds ?? defaultGraceSeconds,
    } as const
    // Who only gives back asks neither how much is taken nor by whom.
    if (onlyGives(asked)) return { ...shared, limit: 0, active: 0, leaseAlive: false, freshLeaseId: '' }
    const locked = this.#limits.get(`${run.workspaceId} ${limitId}`)
    if (!locked?.row.active) return null
    return {
      ...shared,
      limit: locked.row.slotLimit,
      // What is kept for those before it in line is not for it; what it had is its own.
      active:
        locked.book.taken(this.#nowMicros) +
        (run.stateType !== null && isHeld(run.stateType)
          ? 0
          : locked.line.slotsBefore(locked.line.get(run.id) ?? lastPlace)),
      leaseAlive: this.#liveLeases.has(`${run.workspaceId} ${leaseOf(run)}`),
      freshLeaseId: uuidv7(),
    }
  }

  /** Keeps the book on a decision that writes. */
  apply({ run, proposal }: Asked, { write, patch, effects }: Decision): void {
    const { workspaceId, id: runId } = run
    for (const effect of effects) {
      switch (effect.type) {
        case 'acquire-deployment-slot': {
          const book = this.#limits.get(`${workspaceId} ${effect.limitId}`)?.book
          this.#taken.push({
            workspaceId,
            limitId: effect.limitId,
            id: effect.leaseId,
            slots: 1,
            holderType: 'flow_run',
            holderId: runId,
            heldMicros: this.#nowMicros,
            drainsFromMicros: book?.take(1, this.#nowMicros) ?? null,
            expiresMicros: this.#nowMicros + effect.leaseSeconds * microsPerSecond,
          })
          break
        }
        case 'renew-lease':
          this.#extended.push({
            workspaceId,
            id: effect.leaseId,
            expiresMicros: this.#nowMicros + effect.seconds * microsPerSecond,
          })
          break
        case 'pin-lease':
          this.#extended.push({ workspaceId, id: effect.leaseId, expiresMicros: null })
          break
        case 'release-deployment-slot': {
          const limitId = run.deploymentLimitId
          if (effect.leaseId !== null) this.#ended.push({ workspaceId, id: effect.leaseId })
          else if (limitId !== null) this.#endedOfRuns.push({ workspaceId, holderId: runId, limitId })
          if (limitId !== null) this.#limits.get(`${workspaceId} ${limitId}`)?.book.give(1, null)
          break
        }
        case 'open-claim':
          this.#places.move(run, 1)
          this.#opened.push({
            workspaceId,
            runId,
            token: effect.token,
            workPoolId: run.workPoolId,
            workQueueId: run.workQueueId,
            holder: proposal.claimedBy?.holder ?? guessHolder(proposal),
            claimedMicros: this.#nowMicros,
            expiresMicros: proposal.claimedBy
              ? this.#nowMicros + proposal.claimedBy.seconds * microsPerSecond
              : null,
          })
          break
        case 'close-claim':
          this.#places.move(run, -1)
          this.#closed.push({ workspaceId, runId })
          if (run.workPoolId !== null)
            this.#signals.push({ type: 'work-slot-free', workspaceId, workPoolId: run.workPoolId })
          break
      }
    }
    if (run.deploymentLimitId !== null && write !== null) {
      if (!isWaiting(write.name)) this.#leaveLine(run, run.deploymentLimitId)
      // Who is only made due keeps its place as it is.
      else if (proposal.state.type !== 'SCHEDULED')
        this.#joinLine(run, run.deploymentLimitId, patch.nextScheduledStartMicros ?? this.#nowMicros)
    }
    if (write?.type === 'SCHEDULED' && patch.nextScheduledStartMicros !== null) {
      const { workQueueId, workPoolId, deploymentId } = run
      if (workQueueId !== null || deploymentId !== null)
        this.#signals.push({
          type: 'due',
          workspaceId,
          workPoolId,
          workQueueId,
          deploymentId,
          language: languageOf(run.deploymentEntrypoint),
          dueMicros: patch.nextScheduledStartMicros,
        })
    } else if (write?.type === 'CANCELLING')
      this.#signals.push({ type: 'stop-asked', workspaceId, workPoolId: run.workPoolId, runId })
  }

  /** Who is put back stands in the limit's line, where it stood before or at its end. */
  #joinLine({ workspaceId, id }: StoredFlowRun, limitId: string, triedAgainMicros: number): void {
    const line = this.#limits.get(`${workspaceId} ${limitId}`)?.line
    if (line === undefined) return
    const sinceMicros = line.get(id)?.sinceMicros ?? this.#nowMicros
    line.join({ id, slots: 1, sinceMicros, isPresent: true, isRun: true })
    this.#joined.push(runWaiter({ workspaceId, limitId, id }, sinceMicros, triedAgainMicros))
  }

  #leaveLine(run: StoredFlowRun, limitId: string): void {
    if (!isWaiting(run.stateName)) return
    const { workspaceId, id } = run
    const limit = this.#limits.get(`${workspaceId} ${limitId}`)
    limit?.line.leave(id)
    this.#left.push({ workspaceId, limitId, id })
    // It had been made due, and does not take what was kept for it.
    const dueMicros = microsOf(run.nextScheduledStartAt)
    if (limit === undefined && dueMicros !== null && dueMicros <= this.#nowMicros)
      this.#signals.push(...freeSignals({ workspaceId, limitId }, 1))
  }

  /** What has to be written besides the runs: nothing, for most batches. */
  statements(sql: Transaction): Statement[] {
    // Of the limits that they were of: the deployment may have another by now, or be gone.
    const over = (leases: readonly EndedLease[]): void => {
      this.#signals.push(...freedSignals(leases, this.#nowMicros))
    }
    return [
      this.#ended.length > 0 ? () => deleteLeases(sql, this.#ended).then(over) : null,
      this.#endedOfRuns.length > 0 ? () => deleteLeasesOfHolders(sql, this.#endedOfRuns).then(over) : null,
      this.#taken.length > 0 ? insertLeases(sql, this.#taken) : null,
      this.#extended.length > 0 ? extendLeases(sql, this.#extended, this.#nowMicros) : null,
      this.#left.length > 0 ? deleteWaiters(sql, this.#left) : null,
      this.#joined.length > 0 ? saveWaiters(sql, this.#joined) : null,
      this.#closed.length > 0 ? closeClaims(sql, this.#closed) : null,
      this.#opened.length > 0 ? openClaims(sql, this.#opened) : null,
    ]
  }

  /** Whether nothing is to be written besides the runs, nor told. */
  get isUntouched(): boolean {
    const kept: readonly (readonly unknown[])[] = [
      this.#opened,
      this.#closed,
      this.#taken,
      this.#extended,
      this.#ended,
      this.#endedOfRuns,
      this.#joined,
      this.#left,
      this.#signals,
    ]
    return kept.every((list) => list.length === 0)
  }

  /** What others want to know after the COMMIT. */
  get signals(): readonly Signal[] {
    return [...this.#signals, ...movedSignals(this.#taken, this.#joined, this.#left)]
  }
}

/** It stands in the line of its deployment's limit. */
const isWaiting = (stateName: string | null | undefined): boolean => stateName === 'AwaitingConcurrencySlot'

interface LookUps {
  readonly atWork: readonly StoredFlowRun[]
  readonly limits: ReadonlyMap<string, LimitKey>
  /** Runs that may stand in the lines of those limits. */
  readonly waiters: readonly string[]
  readonly leases: readonly LeaseKey[]
  readonly claims: readonly RunKey[]
}

/** What the rules will ask for that the runs' own rows do not say. */
function lookUpsFor(asked: readonly Asked[]): LookUps {
  const atWork: StoredFlowRun[] = []
  const limits = new Map<string, LimitKey>()
  const waiters: string[] = []
  const leases: LeaseKey[] = []
  const claims: RunKey[] = []
  for (const one of asked) {
    const { run, proposal } = one
    const needs = needsOf(flowPolicies[proposal.policy], run.stateType ?? 'none', proposal.state.type)
    if (needs.size === 0) continue
    if (needs.has('workSlots') && run.workQueueId !== null) atWork.push(run)
    if (needs.has('claim')) claims.push({ workspaceId: run.workspaceId, runId: run.id })
    if (needs.has('deploymentLimit') && run.deploymentLimitId !== null && !onlyGives(one)) {
      const { workspaceId, deploymentLimitId: id } = run
      limits.set(`${workspaceId} ${id}`, { workspaceId, id })
      waiters.push(run.id)
      const lease = leaseOf(run)
      if (lease !== null) leases.push({ workspaceId, id: lease })
    }
  }
  return { atWork, limits, waiters, leases, claims }
}

const none: ReadonlyMap<string, LockedLimit> = new Map()
const noLeases: ReadonlySet<string> = new Set()
const noClaims: ReadonlyMap<string, ClaimFact | null> = new Map()

const leaseOf = (run: StoredFlowRun): string | null =>
  run.stateDetails?.deployment_concurrency_lease_id ?? null

/** Whether the run leaves the states in which it holds a slot: then there is nothing to be had, and nothing to lock. */
const onlyGives = ({ run, proposal }: Asked): boolean =>
  run.stateType !== null && isHeld(run.stateType) && !isHeld(proposal.state.type)

/** Stock clients do not say who they are: what they claim off a queue a worker claims. */
const guessHolder = ({ state }: StateProposal): ClaimHolder => ({
  type: state.type === 'PENDING' ? 'worker' : 'client',
  id: null,
  name: null,
})

async function readLeases(sql: Transaction, keys: readonly LeaseKey[]): Promise<ReadonlySet<string>> {
  // What had expired is gone already.
  const rows = await sql<LeaseKey[]>`
    select distinct s.workspace_id, s.id
    from unnest(${plainArray(keys.map((key) => key.workspaceId))}::uuid[], ${plainArray(keys.map((key) => key.id))}::uuid[]) k (workspace_id, id)
    join slot_leases s on s.workspace_id = k.workspace_id and s.id = k.id`
  return new Set(rows.map((row) => `${row.workspaceId} ${row.id}`))
}

/** Claims under their lock, for a verdict that no beat may overtake. */
async function lockClaims(sql: Transaction, keys: readonly RunKey[]): Promise<Map<string, ClaimFact | null>> {
  const sorted = byRun(keys)
  const rows = await sql<{ workspaceId: string; runId: string; claim: StoredClaim }[]>`
    select c.workspace_id, c.run_id, to_jsonb(c) as claim
    from unnest(${plainArray(sorted.map((key) => key.workspaceId))}::uuid[], ${plainArray(sorted.map((key) => key.runId))}::uuid[]) k (workspace_id, run_id)
    join run_claims c on c.workspace_id = k.workspace_id and c.run_id = k.run_id
    order by c.workspace_id, c.run_id
    for update of c`
  const found = new Map<string, ClaimFact | null>(
    sorted.map((key) => [`${key.workspaceId} ${key.runId}`, null]),
  )
  for (const row of rows) found.set(`${row.workspaceId} ${row.runId}`, claimFact(row))
  return found
}
