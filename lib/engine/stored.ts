import type { FlowRunRow } from '../db/rows/flow-run.ts'
import type {
  ClaimFact,
  Decision,
  EmpiricalPolicy,
  FlowRunView,
  RunPatch,
  StoredState,
  TaskRunView,
} from '../domain/orchestration/decide.ts'
import type { RawJson, StateDetails, StateType } from '../domain/state.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import type { Counted } from './rollup.ts'
import type { FlowRunUpdate, StateColumns, StateRow } from './write-set.ts'

/** The columns that both kinds of run share, as a transition reads them. Instants are text. */
export interface StoredRun {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly stateId: string | null
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly stateAt: string | null
  readonly stateMessage: string | null
  readonly stateDetails: StateDetails | null
  readonly stateData: RawJson | null
  readonly runCount: number
  readonly startAt: string | null
  readonly endAt: string | null
  readonly expectedStartAt: string | null
  readonly nextScheduledStartAt: string | null
  readonly totalRunTimeSeconds: number
  readonly empiricalPolicy: EmpiricalPolicy
}

/** What a run belongs to besides its flow; all null for a run that somebody started by hand. */
export interface RunContext {
  readonly deploymentId: string | null
  readonly deploymentName: string | null
  readonly deploymentTags: readonly string[] | null
  readonly workQueueId: string | null
  readonly workQueueName: string | null
  readonly workPoolId: string | null
  readonly workPoolName: string | null
  readonly workPoolType: string | null
  readonly createdBy: FlowRunRow['createdBy']
}

export interface StoredFlowRun extends StoredRun, RunContext {
  readonly deploymentEntrypoint: string | null
  readonly flowId: string
  readonly flowName: string
  readonly flowTags: readonly string[]
  readonly parentTaskRunId: string | null
  readonly infrastructurePid: string | null
  readonly deploymentLimitId: string | null
  readonly concurrencyOptions: {
    readonly collision_strategy?: string
    readonly grace_period_seconds?: number | null
  } | null
  readonly poolLimit: number | null
  readonly poolPaused: boolean | null
  readonly queueLimit: number | null
  readonly queuePaused: boolean | null
  /** The claim that may still move the run. null: nobody claimed it; if it sends beats all the same, its own id stands for the token. */
  readonly claimToken: string | null
  readonly claim: StoredClaim | null
  /** The transactions that wrote the row of the run, and that of its flow: a row that was changed has another. */
  readonly version: string
  readonly flowVersion: string
}

/**
 * Who executes the run, as the row of run_claims stood when the run's lock was asked for. While that was waited for the claim may
 * have changed: it is the run's present one only if its token is the run's. Instants are text.
 */
export interface StoredClaim {
  readonly token: string
  readonly holder_type: 'worker' | 'runner' | 'agent' | 'client'
  readonly holder_id: string | null
  readonly holder_name: string | null
  readonly claimed_at: string
  readonly beat_at: string | null
  readonly expires_at: string | null
}

export interface StoredTaskRun extends StoredRun {
  readonly flowRunId: string | null
  readonly flowRunRunCount: number
  readonly taskKey: string
}

export const microsOf = (instant: string | null): number | null =>
  instant === null ? null : (parseInstant(instant) ?? null)
export const textOf = (micros: number | null): string | null =>
  micros === null ? null : formatInstant(micros)

export const storedState = (run: StoredRun): StoredState | null =>
  run.stateId === null || run.stateType === null
    ? null
    : {
        id: run.stateId,
        type: run.stateType,
        name: run.stateName ?? '',
        atMicros: microsOf(run.stateAt) ?? 0,
        message: run.stateMessage ?? '',
        details: run.stateDetails ?? {},
        data: run.stateData,
      }

// Written out twice: a spread in the middle of an object costs more than all of its members, and one is made for each transition.
export const flowRunView = (run: StoredFlowRun): FlowRunView => ({
  kind: 'flow-run',
  id: run.id,
  state: storedState(run),
  runCount: run.runCount,
  startMicros: microsOf(run.startAt),
  endMicros: microsOf(run.endAt),
  expectedStartMicros: microsOf(run.expectedStartAt),
  nextScheduledStartMicros: microsOf(run.nextScheduledStartAt),
  totalRunTimeSeconds: run.totalRunTimeSeconds,
  policy: run.empiricalPolicy,
  deploymentId: run.deploymentId,
  parentTaskRunId: run.parentTaskRunId,
  infrastructurePid: run.infrastructurePid,
  workQueueId: run.workQueueId,
  claimToken: run.claimToken,
})

export const claimFact = ({ claim }: { readonly claim: StoredClaim | null }): ClaimFact | null =>
  claim && {
    token: claim.token,
    holderType: claim.holder_type,
    holderId: claim.holder_id,
    holderName: claim.holder_name,
    claimedMicros: microsOf(claim.claimed_at) ?? 0,
    beatMicros: microsOf(claim.beat_at),
    expiresMicros: microsOf(claim.expires_at),
  }

export const taskRunView = (run: StoredTaskRun): TaskRunView => ({
  kind: 'task-run',
  id: run.id,
  state: storedState(run),
  runCount: run.runCount,
  startMicros: microsOf(run.startAt),
  endMicros: microsOf(run.endAt),
  expectedStartMicros: microsOf(run.expectedStartAt),
  nextScheduledStartMicros: microsOf(run.nextScheduledStartAt),
  totalRunTimeSeconds: run.totalRunTimeSeconds,
  policy: run.empiricalPolicy,
  flowRunId: run.flowRunId,
  flowRunRunCount: run.flowRunRunCount,
  tags: run.tags,
})

/** A run that is being made: without a state, and with nothing counted. */
export const unstarted = (policy: EmpiricalPolicy) => ({
  state: null,
  runCount: 0,
  startMicros: null,
  endMicros: null,
  expectedStartMicros: null,
  nextScheduledStartMicros: null,
  totalRunTimeSeconds: 0,
  policy,
})

/** The state columns after a decision that writes. */
export function stateColumns(
  stateId: string,
  write: NonNullable<Decision['write']>,
  patch: RunPatch,
): StateColumns {
  return {
    state_id: stateId,
    state_type: write.type,
    state_name: write.name,
    state_at: formatInstant(write.atMicros),
    state_message: write.message,
    state_details: write.details,
    state_data: write.data,
    run_count: patch.runCount,
    start_at: textOf(patch.startMicros),
    end_at: textOf(patch.endMicros),
    expected_start_at: textOf(patch.expectedStartMicros),
    next_scheduled_start_at: textOf(patch.nextScheduledStartMicros),
    total_run_time_seconds: patch.totalRunTimeSeconds,
  }
}

export const stateRow = (
  workspaceId: string,
  runId: string,
  stateId: string,
  write: NonNullable<Decision['write']>,
): StateRow => ({
  workspace_id: workspaceId,
  run_id: runId,
  at: formatInstant(write.atMicros),
  id: stateId,
  type: write.type,
  name: write.name,
  message: write.message,
  details: write.details,
  data: write.data,
})

/** A run that started more than this after it was expected, or before, stands among the late starts. */
const LATE_START_MICROS = 1_000_000

/** Whether a transition started the run, and not in the second after it was expected. */
export function startsLate(
  startAtBefore: string | null,
  { startMicros, expectedStartMicros }: Pick<RunPatch, 'startMicros' | 'expectedStartMicros'>,
): boolean {
  if (startAtBefore !== null || startMicros === null || expectedStartMicros === null) return false
  const after = startMicros - expectedStartMicros
  return after < 0 || after > LATE_START_MICROS
}

interface CountedKey {
  readonly kind: 'flow-run' | 'task-run'
  readonly workspaceId: string
  readonly flowId: string | null
  readonly deploymentId: string | null
}

// Member by member: V8 takes microseconds to add members to an object that began as a spread, and these are made twice a transition.
export function countedBefore(key: CountedKey, run: StoredRun): Counted | null {
  const expected = microsOf(run.expectedStartAt)
  if (run.stateType === null || expected === null) return null
  return {
    kind: key.kind,
    workspaceId: key.workspaceId,
    flowId: key.flowId,
    deploymentId: key.deploymentId,
    stateType: run.stateType,
    stateName: run.stateName ?? '',
    expectedStartMicros: expected,
    startMicros: microsOf(run.startAt),
    totalRunTimeSeconds: run.totalRunTimeSeconds,
  }
}

export const countedAfter = (
  key: CountedKey,
  write: NonNullable<Decision['write']>,
  patch: RunPatch,
): Counted => ({
  kind: key.kind,
  workspaceId: key.workspaceId,
  flowId: key.flowId,
  deploymentId: key.deploymentId,
  stateType: write.type,
  stateName: write.name,
  expectedStartMicros: patch.expectedStartMicros ?? write.atMicros,
  startMicros: patch.startMicros,
  totalRunTimeSeconds: patch.totalRunTimeSeconds,
})

/** A state that was decided on, under its id. */
export const withId = (id: string, write: NonNullable<Decision['write']>): StoredState => ({
  id,
  type: write.type,
  name: write.name,
  atMicros: write.atMicros,
  message: write.message,
  details: write.details,
  data: write.data,
})

/** A flow run as a transition of that version left it. Member by member: one is made for each transition. */
export const runAfter = ({ before, run, state }: FlowRunUpdate, version: string): StoredFlowRun => ({
  workspaceId: before.workspaceId,
  id: before.id,
  name: before.name,
  tags: before.tags,
  flowId: before.flowId,
  flowName: before.flowName,
  flowTags: before.flowTags,
  parentTaskRunId: before.parentTaskRunId,
  infrastructurePid: before.infrastructurePid,
  // Safe: it is written as the rules made it.
  empiricalPolicy: (run.empirical_policy as EmpiricalPolicy | null) ?? before.empiricalPolicy,
  createdBy: before.createdBy,
  claimToken: run.claim_token,
  deploymentId: before.deploymentId,
  deploymentName: before.deploymentName,
  deploymentTags: before.deploymentTags,
  deploymentEntrypoint: before.deploymentEntrypoint,
  deploymentLimitId: before.deploymentLimitId,
  concurrencyOptions: before.concurrencyOptions,
  poolLimit: before.poolLimit,
  poolPaused: before.poolPaused,
  queueLimit: before.queueLimit,
  queuePaused: before.queuePaused,
  workQueueId: before.workQueueId,
  workQueueName: before.workQueueName,
  workPoolId: before.workPoolId,
  workPoolName: before.workPoolName,
  workPoolType: before.workPoolType,
  claim: before.claim,
  stateId: state.state_id,
  stateType: state.state_type,
  stateName: state.state_name,
  stateAt: state.state_at,
  stateMessage: state.state_message,
  stateDetails: state.state_details,
  stateData: state.state_data as RawJson | null,
  runCount: state.run_count,
  startAt: state.start_at,
  endAt: state.end_at,
  expectedStartAt: state.expected_start_at,
  nextScheduledStartAt: state.next_scheduled_start_at,
  totalRunTimeSeconds: state.total_run_time_seconds,
  version,
  flowVersion: before.flowVersion,
})

/** The same of a run that was made just now, and belongs to nothing but its flow. */
export const storedAtCreation = (
  workspaceId: string,
  row: FlowRunRow,
  flow: { readonly tags: readonly string[]; readonly version: string },
  version: string,
): StoredFlowRun => ({
  workspaceId,
  id: row.id,
  name: row.name,
  tags: row.tags,
  flowId: row.flowId,
  flowName: row.flowName,
  flowTags: flow.tags,
  parentTaskRunId: row.parentTaskRunId,
  infrastructurePid: null,
  empiricalPolicy: row.empiricalPolicy,
  createdBy: row.createdBy,
  claimToken: null,
  deploymentId: null,
  deploymentName: null,
  deploymentTags: null,
  deploymentEntrypoint: null,
  deploymentLimitId: null,
  concurrencyOptions: null,
  poolLimit: null,
  poolPaused: null,
  queueLimit: null,
  queuePaused: null,
  workQueueId: null,
  workQueueName: null,
  workPoolId: null,
  workPoolName: null,
  workPoolType: null,
  claim: null,
  stateId: row.stateId,
  stateType: row.stateType,
  stateName: row.stateName,
  stateAt: row.stateAt,
  stateMessage: row.stateMessage,
  stateDetails: row.stateDetails,
  stateData: row.stateData,
  runCount: row.runCount,
  startAt: row.startAt,
  endAt: row.endAt,
  expectedStartAt: row.expectedStartAt,
  nextScheduledStartAt: row.nextScheduledStartAt,
  totalRunTimeSeconds: row.totalRunTimeSeconds,
  version,
  flowVersion: flow.version,
})
