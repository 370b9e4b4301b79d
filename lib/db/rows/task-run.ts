import type { EmpiricalPolicy } from '../../domain/orchestration/decide.ts'
import type { RawJson, StateDetails, StateType } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'

/** A task run as it is stored. Instants are text (RFC 3339, UTC, microseconds); `json` columns are raw JSON text. */
export interface TaskRunRow {
  readonly id: string
  readonly flowRunId: string | null
  readonly taskKey: string
  readonly dynamicKey: string
  readonly name: string
  readonly taskVersion: string | null
  readonly cacheKey: string | null
  readonly cacheExpiration: string | null
  readonly empiricalPolicy: EmpiricalPolicy
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly taskInputs: RawJson
  readonly flowRunRunCount: number
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
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of TaskRunRow, for `select ${taskRunColumns(sql)} from task_runs t …`. */
export const taskRunColumns = (sql: Queryable) => sql`
  t.id, t.flow_run_id, t.task_key, t.dynamic_key, t.name, t.task_version, t.cache_key, t.cache_expiration, t.empirical_policy,
  t.tags, t.labels, t.task_inputs, t.flow_run_run_count, t.state_id, t.state_type, t.state_name, t.state_at, t.state_message,
  t.state_details, t.state_data, t.run_count, t.start_at, t.end_at, t.expected_start_at, t.next_scheduled_start_at,
  t.total_run_time_seconds, t.created_at, t.updated_at`
