import type { EmpiricalPolicy } from '../../domain/orchestration/decide.ts'
import type { RawJson, StateDetails, StateType } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'
import type { VersionInfo } from './deployment.ts'
import { versionInfo } from './deployment-version.ts'

/** A flow run as it is stored. Instants are text (RFC 3339, UTC, microseconds); `json` columns are raw JSON text. */
export interface FlowRunRow {
  readonly id: string
  readonly flowId: string
  readonly flowName: string
  readonly name: string
  readonly flowVersion: string | null
  readonly deploymentId: string | null
  readonly deploymentVersion: string | null
  readonly deploymentVersionId: string | null
  /** Absent of a row that the engine has just made: whoever asked for the run knows its deployment. */
  readonly deploymentVersionInfo?: VersionInfo | null
  readonly workPoolId: string | null
  readonly workPoolName: string | null
  readonly workQueueId: string | null
  readonly workQueueName: string | null
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
  readonly autoScheduled: boolean
  readonly infrastructureDocumentId: string | null
  readonly infrastructurePid: string | null
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

/** What a run `r` tells of its deployment's version. */
export const deploymentVersionInfo = (sql: Queryable) => sql`
  (select ${versionInfo(sql)} from deployment_versions v
   where v.workspace_id = r.workspace_id and v.deployment_id = r.deployment_id and v.id = r.deployment_version_id)`

/** The columns of FlowRunRow, for `select ${flowRunColumns(sql)} from flow_runs r join flows f on …` with these two aliases. */
export const flowRunColumns = (sql: Queryable) => sql`
  r.id, r.flow_id, f.name as flow_name, r.name, r.flow_version, r.deployment_id, r.deployment_version, r.deployment_version_id,
  ${deploymentVersionInfo(sql)} as deployment_version_info, r.work_pool_name,
  r.work_queue_id,
  (select q.work_pool_id from work_queues q where q.workspace_id = r.workspace_id and q.id = r.work_queue_id) as work_pool_id,
  r.work_queue_name, r.idempotency_key, r.parent_task_run_id, r.parameters, r.context, r.job_variables,
  r.empirical_policy, r.tags, r.labels, r.created_by, r.auto_scheduled, r.infrastructure_document_id, r.infrastructure_pid,
  r.state_id, r.state_type, r.state_name, r.state_at, r.state_message, r.state_details, r.state_data, r.run_count,
  r.start_at, r.end_at, r.expected_start_at, r.next_scheduled_start_at, r.total_run_time_seconds, r.created_at, r.updated_at`
