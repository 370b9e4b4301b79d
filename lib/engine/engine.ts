import type { FlowRunRow } from '../db/rows/flow-run.ts'
import type { TaskRunRow } from '../db/rows/task-run.ts'
import type { Change } from '../domain/change.ts'
import type {
  ClientView,
  EmpiricalPolicy,
  ProposedState,
  StoredState,
  Verdict,
} from '../domain/orchestration/decide.ts'
import type { FlowPolicyName, TaskPolicyName } from '../domain/orchestration/policies.ts'
import type { RawJson } from '../domain/state.ts'
import type { Beat, BeatAnswer } from './beats.ts'
import type { ClaimHolder } from './claim-writes.ts'
import type { ClaimedRun, ClaimRequest } from './claims.ts'
import type { Signals } from './signals.ts'
import type { OpenWait } from './slot-orders.ts'
import type { Slots } from './slot-queue.ts'
import type { TagWait } from './task-run-ledger.ts'

/** A flow run to be made. Instants are microseconds since 1970. */
export interface NewFlowRun {
  readonly workspaceId: string
  /** Given by an agent that replays; otherwise the engine makes one. An id that exists already answers the existing run. */
  readonly id?: string
  readonly flowId: string
  readonly name: string | null
  readonly flowVersion: string | null
  readonly deploymentId: string | null
  readonly deploymentVersion?: string | null
  /** The row of deployment_versions that the deployment showed. */
  readonly deploymentVersionId?: string | null
  /** Where the run waits for a worker. Names alone will do; a queue without a pool is of the default agent pool, a pool without a queue means its default one. */
  readonly workQueueId?: string | null
  readonly workPoolName: string | null
  readonly workQueueName: string | null
  /** Made by a schedule: may be unmade when that changes. Default false. */
  readonly autoScheduled?: boolean
  readonly infrastructureDocumentId?: string | null
  readonly idempotencyKey: string | null
  readonly parentTaskRunId: string | null
  readonly parameters: RawJson
  readonly context: RawJson
  readonly jobVariables: RawJson | null
  readonly empiricalPolicy: EmpiricalPolicy
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly createdBy: {
    readonly id: string | null
    readonly type: string
    readonly display_value: string | null
  } | null
  /** null: Pending. */
  readonly state: ProposedState | null
  /** The first state's own id and time, when an agent says what happened; the engine's otherwise. */
  readonly reported?: { readonly stateId: string; readonly atMicros: number }
  readonly client: ClientView
}

export interface NewTaskRun {
  readonly workspaceId: string
  readonly id: string | null
  readonly flowRunId: string | null
  readonly taskKey: string
  readonly dynamicKey: string
  readonly name: string | null
  readonly taskVersion: string | null
  readonly cacheKey: string | null
  readonly cacheExpirationMicros: number | null
  readonly empiricalPolicy: EmpiricalPolicy
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly taskInputs: RawJson
  readonly state: ProposedState | null
  readonly client: ClientView
}

interface Proposal<PolicyName extends string> {
  readonly workspaceId: string
  readonly runId: string
  readonly state: ProposedState
  /** By which rules it is judged (lib/domain/orchestration/policies.ts). `minimal` is force. */
  readonly policy: PolicyName
  readonly client: ClientView
  /** Who takes the run with this proposal, and for how long that is good without a sign of life. Clients that do not say send none. */
  readonly claimedBy?: { readonly holder: ClaimHolder; readonly seconds: number }
  /** What an agent says has happened: the state's own id and time. A state that is there, or that came before the present one, is not repeated. */
  readonly reported?: { readonly stateId: string; readonly atMicros: number }
}

export type StateProposal = Proposal<FlowPolicyName>
export type TaskStateProposal = Proposal<TaskPolicyName> & {
  /** It waits for slots of its tags, as its request is open. */
  readonly wait?: OpenWait
}

export interface TransitionResult {
  readonly verdict: Verdict
  readonly reason: string
  readonly delaySeconds: number
  /** The run's state now; null when it has none. */
  readonly state: StoredState | null
  /** Whether a state was written by this very proposal. */
  readonly written: boolean
  /** Of a task run that is told to wait for slots of its tags. */
  readonly tagWait?: TagWait
}

/** A log line to be kept. */
export interface NewLog {
  /** Given by an agent that may send a line twice. */
  readonly id?: string
  readonly flowRunId: string | null
  readonly taskRunId: string | null
  readonly workerId: string | null
  readonly logger: string
  readonly level: number
  readonly message: string
  readonly atMicros: number
}

/** An event as a client sent it. `resource`, `related`, `payload` are parsed; `body` is JSON text that holds them exactly, and may hold more. */
export interface NewEvent {
  readonly id: string
  readonly event: string
  readonly occurredMicros: number
  readonly follows: string | null
  readonly resource: Readonly<Record<string, string>>
  readonly related: readonly Readonly<Record<string, string>>[]
  readonly payload: Readonly<Record<string, unknown>>
  readonly body: RawJson
}

export type Created<Row> = { readonly created: boolean; readonly row: Row }

/**
 * The hot write paths. Every promise settles after COMMIT: what was acknowledged is kept.
 * Throws NotFound (no such run or flow in the workspace) and Unavailable (the queue is full, or the database is away: safe to send again).
 */
export interface Engine {
  createFlowRun(run: NewFlowRun): Promise<Created<FlowRunRow>>
  setFlowRunState(proposal: StateProposal): Promise<TransitionResult>
  /** Takes due runs of a work pool, and moves them to Pending: each goes to one caller of all replicas. Fewer than asked for, or none, when no more are due or free. */
  claimFlowRuns(request: ClaimRequest): Promise<readonly ClaimedRun[]>
  /** Keeps a claim alive for a while longer, or tells that it is lost. */
  beat(beat: Beat): Promise<BeatAnswer>
  createTaskRun(run: NewTaskRun): Promise<Created<TaskRunRow>>
  /** Who would be passed over again and again in the lines of its tags' limits is told later, unless `gone` says that nobody listens. */
  setTaskRunState(proposal: TaskStateProposal, gone?: () => AbortSignal): Promise<TransitionResult>
  /** Stores events; those of client-orchestrated task runs (`prefect.task-run.*` with `prefect.orchestration: client`) also move their task run. */
  receiveEvents(workspaceId: string, events: readonly NewEvent[]): Promise<void>
  writeLogs(workspaceId: string, logs: readonly NewLog[]): Promise<void>
  /** Hands changes that were committed elsewhere to the live feed: objects that verbs write by themselves. */
  announce(workspaceId: string, changes: readonly Change[]): void
  /** The same of things that were made just now, of which nothing can be known yet; `changeOf` is asked only where somebody watches. */
  announceNew<Item>(workspaceId: string, items: readonly Item[], changeOf: (item: Item) => Change): void
  /** Slots of concurrency limits. */
  readonly slots: Slots
  /** What commits of this process may mean to those who wait in it. */
  readonly signals: Signals
  /** Which events automations want to see has changed, or may have. */
  expireWatch(): void
  /** Waits until everything that was accepted is committed, and accepts no more. */
  drain(): Promise<void>
}
