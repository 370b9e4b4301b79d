import type { Queryable } from '../db/clients.ts'
import type { FlowOfRun } from './creation-reads.ts'
import { byKeyOfRun } from './key-order.ts'
import { recordsetOfParts } from './recordset.ts'
import type { RollupDeltas } from './rollup.ts'
import {
  type HappenedColumns,
  happenedTypes,
  historyOfFlowRuns,
  type StateColumns,
  stateTypes,
} from './write-set.ts'

export interface FlowRunColumns {
  readonly workspace_id: string
  readonly id: string
  readonly flow_id: string
  readonly name: string
  readonly flow_version: string | null
  readonly deployment_id: string | null
  readonly deployment_version: string | null
  readonly deployment_version_id: string | null
  readonly work_pool_name: string | null
  readonly work_queue_id: string | null
  readonly work_queue_name: string | null
  readonly auto_scheduled: boolean
  readonly infrastructure_document_id: string | null
  readonly idempotency_key: string | null
  readonly parent_task_run_id: string | null
  readonly parameters: string
  readonly context: string
  readonly job_variables: string | null
  readonly empirical_policy: unknown
  readonly tags: readonly string[]
  readonly labels: unknown
  readonly created_by: unknown
  readonly created_at: string
}

/** A flow run as it is made, in parts. */
export interface FlowRunInsert {
  readonly run: FlowRunColumns
  readonly state: StateColumns
  readonly happened: HappenedColumns
}

const flowRunInserts = recordsetOfParts<FlowRunInsert>({
  run: {
    workspace_id: 'uuid',
    id: 'uuid',
    flow_id: 'uuid',
    name: 'text',
    flow_version: 'text',
    deployment_id: 'uuid',
    deployment_version: 'text',
    deployment_version_id: 'uuid',
    work_pool_name: 'text',
    work_queue_id: 'uuid',
    work_queue_name: 'text',
    auto_scheduled: 'bool',
    infrastructure_document_id: 'uuid',
    idempotency_key: 'text',
    parent_task_run_id: 'uuid',
    parameters: 'json',
    context: 'json',
    job_variables: 'json',
    empirical_policy: 'jsonb',
    tags: 'text[]',
    labels: 'jsonb',
    created_by: 'jsonb',
    created_at: 'timestamptz',
  },
  state: stateTypes,
  happened: happenedTypes,
})

/** The rows that making flow runs writes, in one statement. Answers the version that they have from the COMMIT on. */
export const insertFlowRuns = (
  sql: Queryable,
  rows: readonly FlowRunInsert[],
  deltas: RollupDeltas,
  isReplay: boolean,
  watched: readonly string[],
) => sql<Versioned[]>`
  ${flowRunsAndHistory(sql, rows, deltas, isReplay, watched)}
  select pg_current_xact_id()::xid as version`

/**
 * The same for flows that nobody has looked at, as a transaction of its own. They must be in the versions that are known: else it fails
 * with 40001, and nothing is written.
 */
export const insertKnownFlowRuns = (
  sql: Queryable,
  rows: readonly FlowRunInsert[],
  deltas: RollupDeltas,
  watched: readonly string[],
  flows: readonly FlowOfRun[],
) => sql<Versioned[]>`
  ${flowRunsAndHistory(sql, rows, deltas, false, watched)}
  select version_if_whole((
    select count(*)
    from unnest(${flows.map((flow) => flow.workspaceId)}::uuid[], ${flows.map((flow) => flow.id)}::uuid[],
                ${flows.map((flow) => flow.version)}::text[]) k (workspace_id, id, version)
    join flows f on f.workspace_id = k.workspace_id and f.id = k.id and f.xmin = k.version::xid), ${flows.length}) as version`

interface Versioned {
  readonly version: string
}

const flowRunsAndHistory = (
  sql: Queryable,
  rows: readonly FlowRunInsert[],
  deltas: RollupDeltas,
  isReplay: boolean,
  watched: readonly string[],
) => sql`
  with r as materialized (
    select * from ${flowRunInserts(sql, byKeyOfRun(rows))} r
  ), made as (
    insert into flow_runs (
      workspace_id, id, flow_id, name, flow_version, deployment_id, deployment_version, deployment_version_id, work_pool_name, work_queue_id,
      work_queue_name, auto_scheduled, infrastructure_document_id, idempotency_key, parent_task_run_id,
      parameters, context, job_variables, empirical_policy, tags, labels, created_by, state_id, state_type, state_name, state_at,
      state_message, state_details, state_data, run_count, start_at, end_at, expected_start_at, next_scheduled_start_at,
      created_at, updated_at)
    select
      workspace_id, id, flow_id, name, flow_version, deployment_id, deployment_version, deployment_version_id, work_pool_name, work_queue_id,
      work_queue_name, auto_scheduled, infrastructure_document_id, idempotency_key, parent_task_run_id,
      parameters, context, job_variables, empirical_policy, tags, labels, created_by, state_id, state_type, state_name, state_at,
      state_message, state_details, state_data, run_count, start_at, end_at, expected_start_at, next_scheduled_start_at,
      created_at, created_at
    from r
  ), ${historyOfFlowRuns(sql, deltas, isReplay, watched)}`
