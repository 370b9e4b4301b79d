import type { RawJson, StateDetails, StateType } from '../state.ts'

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
  readonly max_retries?: number
  readonly retry_delay_seconds?: number
  readonly pause_keys?: readonly string[] | null
  readonly resuming?: boolean | null
  readonly retry_type?: 'in_process' | 'reschedule' | null
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
  /** Of a flow run with a deployment that has a limit. Filled from the next issue on. */
  readonly deploymentLimit: DeploymentLimitFact | null
  /** Tag limits that a task run's tags meet. Filled from the next issue on. */
  readonly tagLimits: readonly TagLimitFact[]
}

export interface DeploymentLimitFact {
  readonly limitId: string
  readonly limit: number
  readonly active: number
  readonly collisionStrategy: 'ENQUEUE' | 'CANCEL_NEW'
  readonly gracePeriodSeconds: number
  /** Whether the lease that the run's state names is still alive. */
  readonly leaseAlive: boolean
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
  | { readonly type: 'acquire-deployment-slot'; readonly limitId: string; readonly leaseSeconds: number }
  | { readonly type: 'renew-lease'; readonly leaseId: string; readonly seconds: number }
  | { readonly type: 'release-deployment-slot'; readonly leaseId: string | null }
  | { readonly type: 'acquire-tag-slots'; readonly limitIds: readonly string[] }
  | { readonly type: 'release-tag-slots' }
  | { readonly type: 'reset-failed-tasks' }
  | { readonly type: 'enqueue-background-task'; readonly queue: 'scheduled' | 'retry' }

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

/** What a rule says about the proposal as it stands when its turn comes. `undefined`: nothing. */
export type Judgement =
  | undefined
  /** Refuse; with `state` that state is written in place of the proposed one. */
  | { readonly say: 'reject'; readonly reason: string; readonly state?: ProposedState; readonly policy?: EmpiricalPolicy }
  | { readonly say: 'wait'; readonly reason: string; readonly delaySeconds: number }
  | { readonly say: 'abort'; readonly reason: string }
  /** Go on with this state and/or policy instead. */
  | {
      readonly say: 'rewrite'
      readonly reason: string
      readonly state?: ProposedState
      readonly policy?: EmpiricalPolicy
      readonly runCount?: number
      readonly flowRunRunCount?: number
      readonly effects?: readonly Effect[]
    }

/** `none` stands for "no state yet". */
export type FromType = StateType | 'none'

export interface Rule<Run extends RunView = RunView> {
  /** A sentence in camelCase: `preventPendingTransitions`. */
  readonly name: string
  readonly from: 'any' | readonly FromType[]
  readonly to: 'any' | readonly StateType[]
  /** Facts that must be read before this rule can judge; the engine reads the union over a policy. */
  readonly needs: readonly (keyof Facts)[]
  /** A universal rule runs even when an earlier rule changed the type or refused; it may only rewrite details or add effects. */
  readonly universal?: true
  readonly judge: (view: { run: Run; proposed: ProposedState; facts: Facts; willWrite: boolean }) => Judgement
}

export type Policy<Run extends RunView = RunView> = readonly Rule<Run>[]
