import type { FlowRunRow } from '../../db/rows/flow-run.ts'
import type { EmpiricalPolicy, StoredState } from '../../domain/orchestration/decide.ts'
import type { RawJson, StateDetails, StateType } from '../../domain/state.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'

/** JSON text of a flow run as the wire has it. Text, not an object: raw members (parameters, data) go through untouched. */
export function flowRunJson(row: FlowRunRow, nowMicros: number): string {
  const times = computedTimes(row, nowMicros)
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    flow_id: row.flowId,
    flow_name: row.flowName,
    flow_version: row.flowVersion,
    state_id: row.stateId,
    deployment_id: row.deploymentId,
    deployment_version: row.deploymentVersion,
    deployment_version_id: row.deploymentVersionId,
    deployment_version_info: row.deploymentVersionInfo ?? null,
    work_queue_id: row.workQueueId,
    work_queue_name: row.workQueueName,
    work_pool_id: row.workPoolId,
    work_pool_name: row.workPoolName,
    idempotency_key: row.idempotencyKey,
    empirical_policy: flowPolicy(row.empiricalPolicy),
    tags: row.tags,
    labels: row.labels,
    parent_task_run_id: row.parentTaskRunId,
    state_type: row.stateType,
    state_name: row.stateName,
    run_count: row.runCount,
    expected_start_time: row.expectedStartAt,
    next_scheduled_start_time: row.nextScheduledStartAt,
    start_time: row.startAt,
    end_time: row.endAt,
    total_run_time: row.totalRunTimeSeconds,
    ...times,
    auto_scheduled: row.autoScheduled,
    infrastructure_document_id: row.infrastructureDocumentId,
    infrastructure_pid: row.infrastructurePid,
    created_by: row.createdBy,
  })
  return `${fields.slice(0, -1)},"parameters":${row.parameters},"context":${row.context},"job_variables":${row.jobVariables ?? 'null'},"state":${rowStateJson(row)}}`
}

interface RowWithState {
  readonly stateId: string | null
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly stateAt: string | null
  readonly stateMessage: string | null
  readonly stateDetails: StateDetails | null
  readonly stateData: RawJson | null
}

export const rowStateJson = (row: RowWithState): string =>
  row.stateId === null || row.stateType === null
    ? 'null'
    : stateFields(
        row.stateId,
        row.stateType,
        row.stateName ?? '',
        row.stateAt ?? '',
        row.stateMessage ?? '',
        row.stateDetails ?? {},
        row.stateData,
      )

/** JSON text of a state that the engine just answered with. */
export const stateJson = (state: StoredState): string =>
  stateFields(
    state.id,
    state.type,
    state.name,
    formatInstant(state.atMicros),
    state.message,
    state.details,
    state.data,
  )

export function stateFields(
  id: string,
  type: StateType,
  name: string,
  timestamp: string,
  message: string,
  details: StateDetails,
  data: RawJson | null,
): string {
  return `{"id":"${id}","type":"${type}","name":${JSON.stringify(name)},"timestamp":"${timestamp}","message":${JSON.stringify(message)},"state_details":${detailsJson(details)},"data":${data ?? 'null'}}`
}

const emptyDetails = {
  flow_run_id: null,
  task_run_id: null,
  child_flow_run_id: null,
  scheduled_time: null,
  cache_key: null,
  cache_expiration: null,
  deferred: false,
  untrackable_result: false,
  pause_timeout: null,
  pause_reschedule: false,
  pause_key: null,
  run_input_keyset: null,
  refresh_cache: null,
  retriable: null,
  transition_id: null,
  task_parameters_id: null,
} as const

const emptyDetailsJson = JSON.stringify(emptyDetails)

/** Every known key is there, as clients' models expect. */
function detailsJson(details: StateDetails): string {
  for (const _ in details) return JSON.stringify({ ...emptyDetails, ...details })
  return emptyDetailsJson
}

const flowPolicy = (policy: EmpiricalPolicy): EmpiricalPolicy => ({
  max_retries: 0,
  retry_delay_seconds: 0,
  retries: null,
  retry_delay: null,
  pause_keys: [],
  resuming: false,
  retry_type: null,
  ...policy,
})

interface RowWithTimes {
  readonly stateType: StateType | null
  readonly stateAt: string | null
  readonly startAt: string | null
  readonly endAt: string | null
  readonly expectedStartAt: string | null
  readonly totalRunTimeSeconds: number
}

const micros = (instant: string | null): number | null =>
  instant === null ? null : (parseInstant(instant) ?? null)

/** What is computed on reading (wire-contract §4.6): run time including the present stretch, and lateness; both in seconds. */
export function computedTimes(
  row: RowWithTimes,
  nowMicros: number,
): { estimated_run_time: number; estimated_start_time_delta: number } {
  const stateAt = row.stateType === 'RUNNING' ? micros(row.stateAt) : null
  const running = stateAt === null ? 0 : Math.max(0, nowMicros - stateAt) / 1e6
  return {
    estimated_run_time: row.totalRunTimeSeconds + running,
    estimated_start_time_delta: lateness(row, nowMicros),
  }
}

function lateness(row: RowWithTimes, nowMicros: number): number {
  const expected = micros(row.expectedStartAt)
  if (expected === null) return 0
  const start = micros(row.startAt)
  if (start !== null) return start > expected ? (start - expected) / 1e6 : 0
  return row.endAt === null && nowMicros > expected ? (nowMicros - expected) / 1e6 : 0
}
