import type { RawJson, StateDetails, StateType } from '../state.ts'

export { needsOf } from './compile-policy.ts'
export { explain, type HeldBack } from './explain.ts'
export { decide } from './fold.ts'

/**
 * The heart: rules as values, effects as data.
 *
 * `decide` folds an ordered list of rules over a proposed state. Nothing is awaited: everything a rule may ask about is a fact
 * that was read before, so no rule can half-happen and nothing must be taken back. Whatever has to happen besides
 * the new state is returned as effects, which the engine writes in the same transaction.
 */

export type Verdict = 'ACCEPT' | 'REJECT' | 'WAIT' | 'ABORT'

/** A state as somebody proposes it, before it has an id. Instants are microseconds since 1970. */
export interface ProposedState {
  readonly type: StateType
  readonly name: string
  readonly message: string
  readonly details: StateDetails
  readonly data: RawJson | null
}

/** A state that is stored. */
export interface StoredState extends ProposedState {
  readonly id: string
  readonly atMicros: number
}

/** `retry_type`, `pause_keys`, `resuming` …: how a run retries and pauses. snake_case, as stored and sent; unknown keys are kept. */
export interface EmpiricalPolicy {
  readonly retries?: number | null
  readonly retry_delay?: number | readonly number[] | null
  readonly retry_jitter_factor?: number | null
  readonly max_retries?: number | null
  readonly retry_delay_seconds?: number | null
  readonly pause_keys?: readonly string[] | null
  readonly resuming?: boolean | null
  readonly retry_type?: 'in_process' | 'reschedule' | null
  /** Rigel's: a run that has not begun this many seconds after it was expected to is cancelled. */
  readonly start_within_seconds?: number | null
  /** Rigel's: a run that has not ended this many seconds after its first start is cancelled, which reaches its process. */
  readonly finish_within_seconds?: number | null
  /** Rigel's: what becomes of a run whose holder went silent after it began. A run of a deployment may be scheduled again, a few times. Default crash. */
  readonly on_lost?: 'crash' | 'reschedule' | null
  /** Rigel's, kept by the server: how often the run was scheduled again because its holder went silent. */
  readonly times_lost?: number | null
  readonly [unknown: string]: unknown
}

interface RunBase {
  readonly id: string
  /** null only while the run is being created. */
  readonly state: StoredState | null
  readonly runCount: number
  readonly startMicros: number | null
  readonly endMicros: number | null
  readonly expectedStartMicros: number | null
  readonly nextScheduledStartMicros: number | null
  /** Seconds spent in RUNNING, without the present stretch. */
  readonly totalRunTimeSeconds: number
  readonly policy: EmpiricalPolicy
}

export interface FlowRunView extends RunBase {
  readonly kind: 'flow-run'
  readonly deploymentId: string | null
  readonly parentTaskRunId: string | null
  readonly infrastructurePid: string | null
  readonly workQueueId: string | null
  /** The claim that may still move the run; null: nobody claimed it, or it was given back. */
  readonly claimToken: string | null
}

export interface TaskRunView extends RunBase {
  readonly kind: 'task-run'
  readonly flowRunId: string | null
  readonly flowRunRunCount: number
  readonly tags: readonly string[]
}

export type RunView = FlowRunView | TaskRunView

/** Who asks, and what their client can do (wire-contract §4.8). */
export interface ClientView {
  /** X-PREFECT-API-VERSION as [0, 8, 4]; null when not sent. */
  readonly apiVersion: readonly [number, number, number] | null
  /** The version in User-Agent `prefect/3.8.8 (API …)`; null when it is another client. */
  readonly clientVersion: string | null
}

/** Everything that a rule may ask. `null` means the fact was not read because no rule of the policy needs it, or there is none. */
export interface Facts {
  readonly nowMicros: number
  readonly client: ClientView
  /** 0 ≤ x < 1, thrown by the caller: jitter must be repeatable in tests. */
  readonly dice: number
  /** Of a task run: its flow run's state and run count. null when there is no such flow run. */
  readonly flowRun: { readonly state: StoredState | null; readonly runCount: number } | null
  /** Of a task run proposed RUNNING with a cache key: the latest unexpired state stored under that key. */
  readonly cached: ProposedState | null
  /** Of a flow run with a deployment that has a limit. */
  readonly deploymentLimit: DeploymentLimitFact | null
  /** Tag limits that a task run's tags meet. */
  readonly tagLimits: readonly TagLimitFact[]
  /** Of a flow run: who executes it; null when nobody claimed it, or nobody does any more. */
  readonly claim: ClaimFact | null
  /** Of a flow run that waits for a worker: its queue and pool, when one of them has a limit. */
  readonly workSlots: WorkSlotsFact | null
  /** An unused id, thrown by the caller, that becomes the run's claim token if this is a claim. null: no claims are given (creation). */
  readonly freshClaimToken: string | null
}

/** A row of run_claims. Where a rule needs it, it is read under its lock: no beat comes between the look and the verdict. */
export interface ClaimFact {
  readonly token: string
  readonly holderType: 'worker' | 'runner' | 'agent' | 'client'
  readonly holderId: string | null
  readonly holderName: string | null
  readonly claimedMicros: number
  /** The last sign of life, and until when that is enough; null: the holder sends none. */
  readonly beatMicros: number | null
  readonly expiresMicros: number | null
}

/** Runs in a work pool and in one queue of it; both counted under one lock. */
export interface WorkSlotsFact {
  readonly pool: WorkPlaceFact
  readonly queue: WorkPlaceFact
}

export interface WorkPlaceFact {
  readonly id: string
  readonly name: string
  readonly paused: boolean
  /** null: as many as come. */
  readonly limit: number | null
  /** Runs that take a slot: pending, running, cancelling. */
  readonly active: number
  /** The first few of them, longest there first. */
  readonly holders: readonly { readonly id: string; readonly name: string }[]
}

/** Why a run is looked at again later; a service each. */
export const followUpKinds = ['pause-timeout', 'cancel-timeout', 'cancel-children', 'deadline'] as const
export type FollowUpKind = (typeof followUpKinds)[number]

export interface DeploymentLimitFact {
  readonly limitId: string
  readonly limit: number
  readonly active: number
  readonly collisionStrategy: 'ENQUEUE' | 'CANCEL_NEW'
  readonly gracePeriodSeconds: number
  /** Whether the lease that the run's state names is still alive. */
  readonly leaseAlive: boolean
  /** An unused id, thrown by the caller: the lease gets it if a slot is taken. */
  readonly freshLeaseId: string
}

export interface TagLimitFact {
  readonly limitId: string
  readonly tag: string
  readonly limit: number
  readonly active: number
  readonly heldByThisRun: boolean
  readonly averageOccupancySeconds: number
}

/** What has to be written besides the run and its new state; the engine knows how. */
export type Effect =
  | { readonly type: 'mirror-to-parent-task'; readonly taskRunId: string }
  | { readonly type: 'insert-cache'; readonly cacheKey: string; readonly expiresMicros: number | null }
  | { readonly type: 'emit-event' }
  | {
      readonly type: 'acquire-deployment-slot'
      readonly limitId: string
      /** `freshLeaseId` of the fact; the written state names it already. */
      readonly leaseId: string
      readonly leaseSeconds: number
    }
  | { readonly type: 'renew-lease'; readonly leaseId: string; readonly seconds: number }
  /** The holder cannot renew: the slot no longer expires, it is held until it is released. */
  | { readonly type: 'pin-lease'; readonly leaseId: string }
  /** `leaseId` null: whatever slot the run holds. */
  | { readonly type: 'release-deployment-slot'; readonly leaseId: string | null }
  | { readonly type: 'acquire-tag-slots'; readonly limitIds: readonly string[] }
  | { readonly type: 'release-tag-slots' }
  /** Child task runs that failed go to AwaitingRetry at this instant, with run count 0. */
  | { readonly type: 'reset-failed-tasks'; readonly scheduledMicros: number }
  | { readonly type: 'enqueue-background-task'; readonly queue: 'scheduled' | 'retry' }
  /** The run takes a slot of its queue and pool, under this token. */
  | { readonly type: 'open-claim'; readonly token: string }
  /** Nobody executes the run any more. */
  | { readonly type: 'close-claim' }
  /** Looks at the run again at this instant. A run has at most one of a kind; a later one moves it. */
  | { readonly type: 'follow-up'; readonly kind: FollowUpKind; readonly dueMicros: number }

/** Columns of the run row after the transition. All are given, changed or not, so that one statement serves every transition. */
export interface RunPatch {
  readonly runCount: number
  readonly startMicros: number | null
  readonly endMicros: number | null
  readonly expectedStartMicros: number | null
  readonly nextScheduledStartMicros: number | null
  readonly totalRunTimeSeconds: number
  readonly policy: EmpiricalPolicy
  /** Task runs only; the stored value otherwise. */
  readonly flowRunRunCount: number
  /** Flow runs only. */
  readonly claimToken: string | null
}

export interface TraceEntry {
  readonly rule: string
  /** What the rule did; a rule that had nothing to say leaves no entry. */
  readonly said: 'reject' | 'reject-with-state' | 'wait' | 'abort' | 'rewrite' | 'note'
  readonly reason: string
}

export interface Decision {
  readonly verdict: Verdict
  /** Why, in words a user can read; empty when accepted. */
  readonly reason: string
  /** WAIT only: whole seconds. */
  readonly delaySeconds: number
  /** The state to write (also on REJECT, when a rule supplied another one), or null: nothing is written. It has no id yet; `atMicros` is unique for the run and not before the current state's. */
  readonly write: (ProposedState & { readonly atMicros: number }) | null
  readonly patch: RunPatch
  readonly effects: readonly Effect[]
  readonly trace: readonly TraceEntry[]
}

/** Changes besides the state. They are dropped again when a later rule replaces the state with one of another type. */
interface Changes {
  readonly policy?: EmpiricalPolicy
  readonly runCount?: number
  readonly flowRunRunCount?: number
  readonly effects?: readonly Effect[]
}

/** What a rule says about the proposal as it stands when its turn comes. `undefined`: nothing. */
export type Judgement =
  | undefined
  /** Refuse; with `state` that state is written in place of the proposed one. */
  | ({ readonly say: 'reject'; readonly reason: string; readonly state?: ProposedState } & Changes)
  | { readonly say: 'wait'; readonly reason: string; readonly delaySeconds: number }
  | { readonly say: 'abort'; readonly reason: string }
  /** Go on, with this state and these changes. */
  | ({ readonly say: 'rewrite'; readonly reason: string; readonly state?: ProposedState } & Changes)

/** `none` stands for "no state yet". */
export type FromType = StateType | 'none'

/** What a rule sees: the run as stored, and what earlier rules made of the proposal. */
export interface RuleView<Run extends RunView = RunView> {
  readonly run: Run
  readonly proposed: ProposedState
  readonly facts: Facts
  /** The run's policy as it would be written now. */
  readonly policy: EmpiricalPolicy
  /** The run count as it would be written now, before bookkeeping. */
  readonly runCount: number
}

export interface Rule<Run extends RunView = RunView> {
  /** A sentence in camelCase: `preventPendingTransitions`. */
  readonly name: string
  readonly from: 'any' | readonly FromType[]
  readonly to: 'any' | readonly StateType[]
  /** Facts that must be read before this rule can judge; `needsOf` gives the union for a transition. */
  readonly needs: readonly (keyof Facts)[]
  /**
   * A universal rule speaks about whatever will be written, also when an earlier rule changed the type; `to` is held
   * against the type as it stands. It may only rewrite details or add effects, and is silent when nothing is written.
   */
  readonly universal?: true
  readonly judge: (view: RuleView<Run>) => Judgement
}

/** Order is behaviour. Policies are constants: what is compiled from one is kept as long as the array lives. */
export type Policy<Run extends RunView = RunView> = readonly Rule<Run>[]
