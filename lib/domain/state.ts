import type { Brand } from './brand.ts'

/**
 * The nine types of a state. A run is put into one by its client, a worker, a person or a service, always through a policy:
 * - SCHEDULED: waits for a time. A schedule, a retry or a person puts it here; a claim takes it out.
 * - PENDING: claimed; infrastructure is starting. After a crash of the claimer its lease ends.
 * - RUNNING: user code runs. Its process takes it out; when the process dies, a heartbeat is missed.
 * - PAUSED: waits for a person or an input; a resume or a time-out takes it out.
 * - CANCELLING: asked to stop, not yet confirmed; whoever runs it confirms, or a time-out does.
 * - COMPLETED, FAILED, CRASHED, CANCELLED: final. Only a retry takes a run out again.
 */
export const stateTypes = [
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
export type StateType = (typeof stateTypes)[number]

const finality = {
  SCHEDULED: false,
  PENDING: false,
  RUNNING: false,
  PAUSED: false,
  CANCELLING: false,
  COMPLETED: true,
  FAILED: true,
  CRASHED: true,
  CANCELLED: true,
} as const satisfies Record<StateType, boolean>

export const isFinal = (type: StateType): boolean => finality[type]

/** The name a state has when its proposer gave none. */
export const defaultStateName = (type: StateType): string => type.charAt(0) + type.slice(1).toLowerCase()

/**
 * What a state carries beside its type and name; snake_case because it is stored and sent as clients wrote it.
 * Unknown keys are kept, so that a newer client loses nothing.
 */
export interface StateDetails {
  readonly flow_run_id?: string | null
  readonly task_run_id?: string | null
  readonly child_flow_run_id?: string | null
  readonly scheduled_time?: string | null
  readonly cache_key?: string | null
  readonly cache_expiration?: string | null
  readonly deferred?: boolean | null
  readonly untrackable_result?: boolean
  readonly pause_timeout?: string | null
  readonly pause_reschedule?: boolean
  readonly pause_key?: string | null
  readonly run_input_keyset?: unknown
  readonly refresh_cache?: boolean | null
  readonly retriable?: boolean | null
  readonly transition_id?: string | null
  readonly task_parameters_id?: string | null
  readonly traceparent?: string | null
  readonly deployment_concurrency_lease_id?: string | null
  /** Rigel's: the claim under which the state is proposed, or, on a claim, the token that it gave. */
  readonly claim_token?: string | null
  readonly [unknown: string]: unknown
}

/** Raw JSON text, passed through as it was sent so that numbers of any size survive. */
export type RawJson = Brand<string, 'RawJson'>

export interface State {
  readonly id: string
  readonly type: StateType
  readonly name: string
  /** Microseconds since 1970: clients order states by them, and a `Date` would drop them. */
  readonly atMicros: number
  readonly message: string
  readonly details: StateDetails
  readonly data: RawJson | null
}
