import type { Queryable } from '../db/clients.ts'
import type { StateDetails, StateType } from '../domain/state.ts'
import { plainArray, textArray } from './array-literal.ts'
import type { RollupDeltas } from './rollup.ts'

/**
 * The rows that a batch writes, a list a table, in the shape of the columns. `commit` sends one statement a table, without waiting
 * between them; each takes all its rows in one JSON parameter, so that a batch of any size is one prepared statement.
 * Members that hold raw JSON travel as text and are cast where they land.
 */
export interface StateColumns {
  readonly state_id: string
  readonly state_type: StateType
  readonly state_name: string
  readonly state_at: string
  readonly state_message: string
  readonly state_details: StateDetails
  readonly state_data: string | null
  readonly run_count: number
  readonly start_at: string | null
  readonly end_at: string | null
  readonly expected_start_at: string | null
  readonly next_scheduled_start_at: string | null
  readonly total_run_time_seconds: number
}

export interface FlowRunUpdate extends StateColumns {
  readonly workspace_id: string
  readonly id: string
  readonly claim_token: string | null
  readonly empirical_policy: unknown
}

/** A run that started over a second away from when it was expected (see the table). */
export interface LateStart {
  readonly workspaceId: string
  readonly flowId: string
  readonly startAt: string
  readonly runId: string
}

export interface TaskRunUpdate extends StateColumns {
  readonly workspace_id: string
  readonly id: string
  readonly flow_run_run_count: number
}

export interface StateRow {
  readonly workspace_id: string
  readonly run_id: string
  readonly at: string
  readonly id: string
  readonly type: StateType
  readonly name: string
  readonly message: string
  readonly details: StateDetails
  readonly data: string | null
}

export interface EventRow {
  readonly workspace_id: string
  readonly occurred_at: string
  readonly id: string
  readonly event: string
  readonly resource_id: string
  readonly related_ids: readonly string[]
  readonly follows: string | null
  readonly received_at: string
  readonly body: string
}

export interface CacheRow {
  readonly workspace_id: string
  readonly cache_key: string
  readonly state: string
  readonly expires_at: string | null
}

export interface LogRow {
  readonly workspace_id: string
  readonly at: string
  readonly id: string
  readonly flow_run_id: string | null
  readonly task_run_id: string | null
  readonly worker_id: string | null
  readonly logger: string
  readonly level: number
  readonly message: string
}

/** The order in which batches lock and insert. Compared without joining: sorting runs on every write. */
export const compareKeys = (workspaceA: string, idA: string, workspaceB: string, idB: string): number =>
  workspaceA === workspaceB ? (idA < idB ? -1 : idA > idB ? 1 : 0) : workspaceA < workspaceB ? -1 : 1

/** Sorted by key, so that two batches lock and insert in the same order. */
export const byKey = <Row extends { readonly workspace_id: string; readonly id: string }>(
  rows: readonly Row[],
): Row[] => [...rows].sort((a, b) => compareKeys(a.workspace_id, a.id, b.workspace_id, b.id))

/** The rows that a transition of flow runs writes, in one statement: a statement costs more than most of its rows. */
export const writeFlowRunTransitions = (
  sql: Queryable,
  updates: readonly FlowRunUpdate[],
  states: readonly StateRow[],
  events: readonly EventRow[],
  deltas: RollupDeltas,
  lateStarts: readonly LateStart[],
) => sql`
  with updated as (
    update flow_runs t set
      state_id = r.state_id, state_type = r.state_type, state_name = r.state_name, state_at = r.state_at,
      state_message = r.state_message, state_details = r.state_details, state_data = r.state_data::json,
      run_count = r.run_count, start_at = r.start_at, end_at = r.end_at, expected_start_at = r.expected_start_at,
      next_scheduled_start_at = r.next_scheduled_start_at,
      total_run_time_seconds = r.total_run_time_seconds, empirical_policy = r.empirical_policy, claim_token = r.claim_token,
      updated_at = r.state_at
    from json_to_recordset(${JSON.stringify(byKey(updates))}::json) as r (
      workspace_id uuid, id uuid, state_id uuid, state_type state_type, state_name text, state_at timestamptz, state_message text,
      state_details jsonb, state_data text, run_count int, start_at timestamptz, end_at timestamptz, expected_start_at timestamptz,
      next_scheduled_start_at timestamptz, total_run_time_seconds float8, empirical_policy jsonb,
      claim_token uuid)
    where t.workspace_id = r.workspace_id and t.id = r.id
  ), started_late as (
    insert into flow_run_late_starts (workspace_id, flow_id, start_at, run_id)
    select * from unnest(
      ${plainArray(lateStarts.map((late) => late.workspaceId))}::uuid[], ${plainArray(lateStarts.map((late) => late.flowId))}::uuid[],
      ${plainArray(lateStarts.map((late) => late.startAt))}::timestamptz[], ${plainArray(lateStarts.map((late) => late.runId))}::uuid[])
    on conflict do nothing
  ), ${historyOfFlowRuns(sql, states, events, deltas)}
  select 1`

/** States, events and counts of flow runs, as the last members of a `with`. */
export const historyOfFlowRuns = (
  sql: Queryable,
  states: readonly StateRow[],
  events: readonly EventRow[],
  deltas: RollupDeltas,
) => sql`
  states as (
    insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details, data)
    select workspace_id, run_id, at, id, type, name, message, details, data::json
    from json_to_recordset(${JSON.stringify(states)}::json) as r (
      workspace_id uuid, run_id uuid, at timestamptz, id uuid, type state_type, name text, message text, details jsonb, data text)
    on conflict do nothing
  ), happened as (
    insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, follows, received_at, body)
    ${selectEvents(sql, events)}
    on conflict do nothing
  ), counted as (
    insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
    select workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds
    from json_to_recordset(${JSON.stringify(deltas.rows())}::json) as r (
      workspace_id uuid, kind text, bucket_at timestamptz, flow_id uuid, deployment_id uuid, state_type state_type, state_name text,
      runs bigint, run_seconds float8, late_seconds float8)
  )`

export const updateTaskRuns = (sql: Queryable, rows: readonly TaskRunUpdate[]) => sql`
  update task_runs t set
    state_id = r.state_id, state_type = r.state_type, state_name = r.state_name, state_at = r.state_at,
    state_message = r.state_message, state_details = r.state_details, state_data = r.state_data::json,
    run_count = r.run_count, start_at = r.start_at, end_at = r.end_at, expected_start_at = r.expected_start_at,
    next_scheduled_start_at = r.next_scheduled_start_at, flow_run_run_count = r.flow_run_run_count,
    total_run_time_seconds = r.total_run_time_seconds, updated_at = r.state_at
  from json_to_recordset(${JSON.stringify(byKey(rows))}::json) as r (
    workspace_id uuid, id uuid, state_id uuid, state_type state_type, state_name text, state_at timestamptz, state_message text,
    state_details jsonb, state_data text, run_count int, start_at timestamptz, end_at timestamptz, expected_start_at timestamptz,
    next_scheduled_start_at timestamptz, flow_run_run_count int, total_run_time_seconds float8)
  where t.workspace_id = r.workspace_id and t.id = r.id`

export const insertTaskRunStates = (sql: Queryable, rows: readonly StateRow[]) => sql`
  insert into task_run_states (workspace_id, run_id, at, id, type, name, message, details, data)
  select workspace_id, run_id, at, id, type, name, message, details, data::json
  from json_to_recordset(${JSON.stringify(rows)}::json) as r (
    workspace_id uuid, run_id uuid, at timestamptz, id uuid, type state_type, name text, message text, details jsonb, data text)
  on conflict do nothing`

/** The same event sent twice is stored once. */
export const insertEvents = (sql: Queryable, rows: readonly EventRow[]) => sql`
  insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, follows, received_at, body)
  ${selectEvents(sql, rows)}
  on conflict do nothing`

const selectEvents = (sql: Queryable, rows: readonly EventRow[]) => sql`
  select workspace_id, occurred_at, id, event, resource_id, string_to_array(related_ids, e'\n'), follows, received_at, body::json
  from unnest(
    ${plainArray(rows.map((row) => row.workspace_id))}::uuid[], ${plainArray(rows.map((row) => row.occurred_at))}::timestamptz[],
    ${plainArray(rows.map((row) => row.id))}::uuid[], ${textArray(rows.map((row) => row.event))}::text[],
    ${textArray(rows.map((row) => row.resource_id))}::text[],
    ${textArray(rows.map((row) => row.related_ids.join('\n')))}::text[], ${plainArray(rows.map((row) => row.follows))}::uuid[],
    ${plainArray(rows.map((row) => row.received_at))}::timestamptz[], ${textArray(rows.map((row) => row.body))}::text[]
  ) as r (workspace_id, occurred_at, id, event, resource_id, related_ids, follows, received_at, body)`

export const insertDeltas = (sql: Queryable, deltas: RollupDeltas) => {
  const rows = deltas.rows()
  return rows.length === 0
    ? null
    : sql`
  insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
  select workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds
  from json_to_recordset(${JSON.stringify(rows)}::json) as r (
    workspace_id uuid, kind text, bucket_at timestamptz, flow_id uuid, deployment_id uuid, state_type state_type, state_name text,
    runs bigint, run_seconds float8, late_seconds float8)`
}

export const upsertCache = (sql: Queryable, rows: readonly CacheRow[]) => sql`
  insert into task_run_cache (workspace_id, cache_key, state, expires_at)
  select distinct on (workspace_id, cache_key) workspace_id, cache_key, state::json, expires_at
  from json_to_recordset(${JSON.stringify(rows)}::json) as r (workspace_id uuid, cache_key text, state text, expires_at timestamptz)
  on conflict (workspace_id, cache_key) do update set state = excluded.state, expires_at = excluded.expires_at, created_at = now()`

export const insertLogs = (sql: Queryable, rows: readonly LogRow[]) => sql`
  insert into logs (workspace_id, at, id, flow_run_id, task_run_id, worker_id, logger, level, message)
  select * from unnest(
    ${plainArray(rows.map((row) => row.workspace_id))}::uuid[], ${plainArray(rows.map((row) => row.at))}::timestamptz[],
    ${plainArray(rows.map((row) => row.id))}::uuid[], ${plainArray(rows.map((row) => row.flow_run_id))}::uuid[],
    ${plainArray(rows.map((row) => row.task_run_id))}::uuid[], ${plainArray(rows.map((row) => row.worker_id))}::uuid[],
    ${textArray(rows.map((row) => row.logger))}::text[], ${plainArray(rows.map((row) => row.level))}::smallint[],
    ${textArray(rows.map((row) => row.message))}::text[]
  )
  on conflict do nothing`

/** Sends statements together and waits for all; the first failure is thrown after all have settled, as the transaction needs. */
export async function all(statements: readonly (PromiseLike<unknown> | null)[]): Promise<void> {
  const settled = await Promise.allSettled(statements.filter((statement) => statement !== null))
  for (const one of settled) if (one.status === 'rejected') throw one.reason
}
