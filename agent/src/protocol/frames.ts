/**
 * What the agent and the control plane say to each other on one websocket
 * (`{workspace}/agent/connect`) and, where websockets are blocked, in the body of
 * `POST {workspace}/agent/frames`. The lowest stone: it imports nothing, and both sides stand on it.
 *
 * A *record* is one fact about a run. The agent numbers its records 1, 2, 3 … within one outbox (`outboxId`),
 * keeps each on disk, and forgets it only when an `ack` with that number or a greater one arrives, which the
 * server sends after COMMIT. After a break the agent says hello again and sends everything that is not yet acknowledged.
 * Every record carries an id of its own, so what arrives twice counts once.
 */
export const AGENT_PROTOCOL = 'rigel.agent.v1'

/** Highest number of records the agent may have in flight, unacknowledged, on one connection. */
export const MAX_RECORDS_IN_FLIGHT = 4_096
/** Largest number of records in one `records` frame. */
export const MAX_RECORDS_PER_FRAME = 500
/** Largest frame, in bytes of UTF-8 text. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024

export const STATE_TYPES = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'PAUSED',
  'CANCELLING',
  'COMPLETED',
  'FAILED',
  'CRASHED',
  'CANCELLED',
] as const
export type StateType = (typeof STATE_TYPES)[number]

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A state as the agent reports it. `at` is RFC 3339 in UTC with microseconds, taken where the run runs. */
export interface ReportedState {
  /** UUIDv7, made by the agent: the same state sent twice is one state. */
  readonly id: string
  readonly type: StateType
  /** Shown name; the type in title case when absent ("Completed"). */
  readonly name?: string
  readonly at: string
  /** At most 100,000 characters. */
  readonly message?: string
  /** When an AwaitingRetry is due. RFC 3339. */
  readonly scheduledFor?: string
  /** The claim under which the run is executed; the server refuses the state once somebody else holds the run. */
  readonly claimToken?: string
}

/** A flow run begins to exist. Sent once, before its first state. */
export interface FlowRunRecord {
  readonly kind: 'flow-run'
  readonly id: string
  readonly flowName: string
  readonly name: string
  readonly parameters: { [key: string]: Json }
  readonly tags: readonly string[]
  readonly flowVersion?: string
  readonly retries?: number
  /** The task run of the parent flow that stands for this sub-flow. */
  readonly parentTaskRunId?: string
  readonly state: ReportedState
}

/** A flow run enters a state. The server may refuse (see `verdict`), for example when somebody cancelled the run. */
export interface FlowRunStateRecord {
  readonly kind: 'flow-run-state'
  readonly flowRunId: string
  readonly state: ReportedState
}

/** A task run exists or enters a state. Order does not matter: the latest `state.at` decides. */
export interface TaskRunRecord {
  readonly kind: 'task-run'
  readonly id: string
  readonly flowRunId: string
  readonly taskKey: string
  readonly dynamicKey: string
  readonly name: string
  readonly tags: readonly string[]
  /** Which task runs and parameters each argument came from; the run graph is drawn from it. */
  readonly inputs: { readonly [argument: string]: readonly TaskInput[] }
  /** How often it was started, this time included. */
  readonly runCount: number
  readonly retries?: number
  readonly startedAt?: string
  readonly endedAt?: string
  /** Seconds spent in RUNNING so far. */
  readonly totalRunTimeSeconds?: number
  readonly state: ReportedState
}

export type TaskInput =
  | { readonly type: 'task_run'; readonly id: string }
  | { readonly type: 'parameter'; readonly name: string }
  | { readonly type: 'constant' }

/** One log line. `level`: 10 debug, 20 info, 30 warning, 40 error, 50 critical. At most 25,000 characters. */
export interface LogRecord {
  readonly kind: 'log'
  readonly id: string
  readonly flowRunId: string
  readonly taskRunId?: string
  readonly logger: string
  readonly level: number
  readonly message: string
  readonly at: string
}

export type AgentRecord = FlowRunRecord | FlowRunStateRecord | TaskRunRecord | LogRecord
export type NumberedRecord = { readonly seq: number; readonly record: AgentRecord }

/** Agent → server. The first frame must be `hello`. */
export type AgentFrame =
  | {
      readonly type: 'hello'
      readonly protocol: typeof AGENT_PROTOCOL
      /** UUID of the outbox, so that numbers of two processes are never mixed. */
      readonly outboxId: string
      readonly agentVersion: string
      readonly host: string
      readonly pid: number
    }
  | { readonly type: 'records'; readonly records: readonly NumberedRecord[] }
  | { readonly type: 'ping'; readonly n: number }

/**
 * Server → agent.
 * `ack`: every record up to `seq` is committed, or was refused for good (then a `refused` came first).
 * `verdict`: the server kept or changed the proposed flow-run state instead of accepting it; the agent adopts `state`.
 */
export type ServerFrame =
  | { readonly type: 'welcome'; readonly workspaceId: string; readonly accountId: string }
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'refused'; readonly seq: number; readonly reason: string }
  | {
      readonly type: 'verdict'
      readonly seq: number
      readonly flowRunId: string
      readonly verdict: 'REJECT' | 'WAIT' | 'ABORT'
      readonly reason: string
      readonly state: { readonly type: StateType; readonly name: string } | null
    }
  /** Somebody asked for this run to stop; sent to the connection that reported it. */
  | { readonly type: 'cancel'; readonly flowRunId: string }
  | { readonly type: 'pong'; readonly n: number }

/** Close codes: 1001 the server is going away (reconnect), 1008 not allowed (do not reconnect; the reason says why), 1009 frame too large, 1011 trouble on the server (reconnect with backoff). */
export const CLOSE = { goingAway: 1001, notAllowed: 1008, tooLarge: 1009, trouble: 1011 } as const

/** Answer of `POST {workspace}/agent/frames`, whose body is `{ outboxId, records: NumberedRecord[] }`. 200 means committed. */
export interface FramesAnswer {
  readonly ack: number
  readonly replies: readonly Extract<ServerFrame, { type: 'refused' | 'verdict' | 'cancel' }>[]
}
