import type { Queryable } from '../db/clients.ts'
import { byKey } from './key-order.ts'
import { recordset } from './recordset.ts'
import { type StateColumns, stateTypes } from './write-set.ts'

/** A task run as it is written whole, when it is made or when events bring it. */
export interface TaskRunUpsert extends StateColumns {
  readonly workspace_id: string
  readonly id: string
  readonly flow_run_id: string | null
  readonly task_key: string
  readonly dynamic_key: string
  readonly name: string
  readonly task_version: string | null
  readonly cache_key: string | null
  readonly cache_expiration: string | null
  readonly empirical_policy: unknown
  readonly tags: readonly string[]
  readonly labels: unknown
  readonly task_inputs: string
  readonly flow_run_run_count: number
  readonly created_at: string
}

const taskRunRows = recordset<TaskRunUpsert>({
  workspace_id: 'uuid',
  id: 'uuid',
  flow_run_id: 'uuid',
  task_key: 'text',
  dynamic_key: 'text',
  name: 'text',
  task_version: 'text',
  cache_key: 'text',
  cache_expiration: 'timestamptz',
  empirical_policy: 'jsonb',
  tags: 'text[]',
  labels: 'jsonb',
  task_inputs: 'json',
  flow_run_run_count: 'int',
  created_at: 'timestamptz',
  ...stateTypes,
})

/** Inserts, or brings what is there to the given facts. Callers have locked and compared: what is given is the newer. */
export const upsertTaskRuns = (sql: Queryable, rows: readonly TaskRunUpsert[]) => sql`
  insert into task_runs (
    workspace_id, id, flow_run_id, task_key, dynamic_key, name, task_version, cache_key, cache_expiration, empirical_policy, tags, labels,
    task_inputs, flow_run_run_count, state_id, state_type, state_name, state_at, state_message, state_details, state_data, run_count,
    start_at, end_at, expected_start_at, next_scheduled_start_at, total_run_time_seconds, created_at, updated_at)
  select
    workspace_id, id, flow_run_id, task_key, dynamic_key, name, task_version, cache_key, cache_expiration, empirical_policy, tags, labels,
    task_inputs, flow_run_run_count, state_id, state_type, state_name, state_at, state_message, state_details, state_data,
    run_count, start_at, end_at, expected_start_at, next_scheduled_start_at, total_run_time_seconds, created_at, created_at
  from ${taskRunRows(sql, byKey(rows))} r
  on conflict (workspace_id, id) do update set
    name = excluded.name, task_version = coalesce(excluded.task_version, task_runs.task_version),
    cache_key = coalesce(excluded.cache_key, task_runs.cache_key), cache_expiration = coalesce(excluded.cache_expiration, task_runs.cache_expiration),
    empirical_policy = excluded.empirical_policy, tags = excluded.tags, labels = excluded.labels, task_inputs = excluded.task_inputs,
    flow_run_run_count = excluded.flow_run_run_count, state_id = excluded.state_id, state_type = excluded.state_type,
    state_name = excluded.state_name, state_at = excluded.state_at, state_message = excluded.state_message,
    state_details = excluded.state_details, state_data = excluded.state_data, run_count = excluded.run_count, start_at = excluded.start_at,
    end_at = excluded.end_at, expected_start_at = excluded.expected_start_at, next_scheduled_start_at = excluded.next_scheduled_start_at,
    total_run_time_seconds = excluded.total_run_time_seconds, updated_at = excluded.updated_at
  where task_runs.state_at is null or task_runs.state_at < excluded.state_at`
