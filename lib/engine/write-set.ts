import type postgres from 'postgres'
import type { Queryable } from '../db/clients.ts'
import type { StateDetails, StateType } from '../domain/state.ts'
import type { FlowRunEvent } from './flow-run-event.ts'
import { byKey, byKeyOfRun } from './key-order.ts'
import { recordset, recordsetOfParts } from './recordset.ts'
import type { Delta, RollupDeltas } from './rollup.ts'
import type { StoredFlowRun } from './stored.ts'

type Fragment = postgres.PendingQuery<postgres.Row[]>

/**
 * The rows that a batch writes, in the shape of the columns. Each statement takes its rows a column a parameter (see `recordset`).
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

/** A flow run after a transition, in parts. */
export interface FlowRunUpdate {
  /** What was judged. */
  readonly before: StoredFlowRun
  readonly run: {
    readonly workspace_id: string
    readonly id: string
    readonly claim_token: string | null
    /** null: as it was. */
    readonly empirical_policy: unknown
  }
  readonly state: StateColumns
  readonly happened: HappenedColumns
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
  /** JSON text that holds `resource`, `related` and `payload`. */
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
  /** Microseconds since 1970. */
  readonly at: number
  readonly id: string
  readonly flow_run_id: string | null
  readonly task_run_id: string | null
  readonly worker_id: string | null
  readonly logger: string
  readonly level: number
  readonly message: string
}

/** What the state of a flow run leaves behind besides itself; null where the transition tells nobody. */
export interface HappenedColumns {
  readonly event_facts: string | null
  /** Ids of related resources, a line each. */
  readonly event_related: string | null
  readonly event_follows: string | null
}

export const happenedColumns = (event: FlowRunEvent | null): HappenedColumns => ({
  event_facts: event?.facts ?? null,
  event_related: event?.related_ids.join('\n') ?? null,
  event_follows: event?.follows ?? null,
})

export const stateTypes = {
  state_id: 'uuid',
  state_type: 'state_type',
  state_name: 'text',
  state_at: 'timestamptz',
  state_message: 'text',
  state_details: 'jsonb',
  state_data: 'json',
  run_count: 'int',
  start_at: 'timestamptz',
  end_at: 'timestamptz',
  expected_start_at: 'timestamptz',
  next_scheduled_start_at: 'timestamptz',
  total_run_time_seconds: 'float8',
} as const

export const happenedTypes = { event_facts: 'json', event_related: 'text', event_follows: 'uuid' } as const

const updateParts = {
  run: { workspace_id: 'uuid', id: 'uuid', claim_token: 'uuid', empirical_policy: 'jsonb' },
  state: stateTypes,
  happened: happenedTypes,
} as const

const flowRunUpdates = recordsetOfParts<Omit<FlowRunUpdate, 'before'>>(updateParts)
const knownFlowRunUpdates = recordsetOfParts<
  Omit<FlowRunUpdate, 'before'> & {
    readonly before: Pick<StoredFlowRun, 'version' | 'flowId' | 'flowVersion'>
  }
>({
  ...updateParts,
  before: { version: 'xid', flowId: 'uuid', flowVersion: 'xid' },
})

const lateStartRows = recordset<LateStart>({
  workspaceId: 'uuid',
  flowId: 'uuid',
  startAt: 'timestamptz',
  runId: 'uuid',
})

type WriteFlowRunTransitions = (
  sql: Queryable,
  updates: readonly FlowRunUpdate[],
  deltas: RollupDeltas,
  lateStarts: readonly LateStart[],
  /** Some states bring their own ids, under which they may be there already. */
  isReplay: boolean,
  /** Ids of the events that automations want to see. */
  watched: readonly string[],
) => postgres.PendingQuery<{ readonly version: string }[]>

/**
 * The rows that a transition of flow runs writes, in one statement: a statement costs more than most of its rows. The runs are locked.
 * Answers the version that their rows have from the COMMIT on.
 */
export const writeFlowRunTransitions: WriteFlowRunTransitions = (sql, updates, ...rest) => sql`
  with r as materialized (
    select * from ${flowRunUpdates(sql, updates)} r
  ), updated as (
    ${updateFlowRuns(sql)}
    from r
    where t.workspace_id = r.workspace_id and t.id = r.id
  ), ${besidesFlowRuns(sql, ...rest)}
  select pg_current_xact_id()::xid as version`

/**
 * The same of runs that are not locked, as a transaction of its own. They must be in the versions that were judged, their flows too,
 * and nobody may have claimed them: else it fails with 40001, and nothing is written. Sorted, as locks are taken in the order of keys.
 */
export const writeKnownFlowRunTransitions: WriteFlowRunTransitions = (sql, updates, ...rest) => sql`
  with r as materialized (
    select * from ${knownFlowRunUpdates(sql, byKeyOfRun(updates))} r
  ), updated as (
    ${updateFlowRuns(sql)}
    from r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    where t.workspace_id = r.workspace_id and t.id = r.id and t.xmin = r.version and f.xmin = r.flow_version
      and not exists (select from run_claims c where c.workspace_id = r.workspace_id and c.run_id = r.id)
    returning 1
  ), ${besidesFlowRuns(sql, ...rest)}
  select version_if_whole((select count(*) from updated), ${updates.length}) as version`

const updateFlowRuns = (sql: Queryable) => sql`
    update flow_runs t set
      state_id = r.state_id, state_type = r.state_type, state_name = r.state_name, state_at = r.state_at,
      state_message = r.state_message, state_details = r.state_details, state_data = r.state_data,
      run_count = r.run_count, start_at = r.start_at, end_at = r.end_at, expected_start_at = r.expected_start_at,
      next_scheduled_start_at = r.next_scheduled_start_at, total_run_time_seconds = r.total_run_time_seconds,
      empirical_policy = coalesce(r.empirical_policy, t.empirical_policy), claim_token = r.claim_token, updated_at = r.state_at`

/** What transitions write besides the runs in `r`, as the last members of a `with`. */
const besidesFlowRuns = (
  sql: Queryable,
  deltas: RollupDeltas,
  lateStarts: readonly LateStart[],
  isReplay: boolean,
  watched: readonly string[],
) => sql`${startedLate(sql, lateStarts)} ${historyOfFlowRuns(sql, deltas, isReplay, watched)}`

/** Most batches have none, and a statement without costs less. */
const startedLate = (sql: Queryable, lateStarts: readonly LateStart[]) =>
  lateStarts.length === 0
    ? sql``
    : sql`
  started_late as (
    insert into flow_run_late_starts (workspace_id, flow_id, start_at, run_id)
    select * from ${lateStartRows(sql, lateStarts)} r
    on conflict do nothing
  ),`

const deltaRows = recordset<Delta>({
  workspace_id: 'uuid',
  kind: 'text',
  bucket_at: 'timestamptz',
  flow_id: 'uuid',
  deployment_id: 'uuid',
  state_type: 'state_type',
  state_name: 'text',
  runs: 'bigint',
  run_seconds: 'float8',
  late_seconds: 'float8',
})

/**
 * States, events and counts of the flow runs in `r`, as the last members of a `with`. Ids that were made here meet nobody.
 * `watched`: ids of the events that automations want to see.
 */
export const historyOfFlowRuns = (
  sql: Queryable,
  deltas: RollupDeltas,
  isReplay: boolean,
  watched: readonly string[],
) => sql`
  states as (
    insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details, data)
    select workspace_id, id, state_at, state_id, state_type, state_name, state_message, state_details, state_data from r
    ${unlessThere(sql, isReplay)}
  ), happened as (
    insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, follows, received_at, facts)
    select workspace_id, state_at, state_id, 'prefect.flow-run.' || state_name, 'prefect.flow-run.' || id,
           string_to_array(event_related, e'\n'), event_follows, state_at, event_facts
    from r where event_facts is not null
    ${unlessThere(sql, isReplay)}
    ${watched.length === 0 ? sql`` : sql`returning workspace_id, occurred_at, id`}
  ), ${watched.length === 0 ? sql`` : sql`taken_in as (${takeIn(sql, sql`happened`, watched)}),`}
  counted as (
    insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
    select * from ${deltaRows(sql, deltas.rows())} r
  )`

/** Hands events that were stored just now, and not before, to the automations that want to see them. */
const takeIn = (sql: Queryable, stored: Fragment, watched: readonly string[]): Fragment => sql`
  insert into automation_intake (workspace_id, occurred_at, id)
  select workspace_id, occurred_at, id from ${stored} where id = any(${[...watched]}::uuid[])
  on conflict do nothing`

const unlessThere = (sql: Queryable, maybeThere: boolean) =>
  maybeThere ? sql`on conflict do nothing` : sql``

const taskRunUpdates = recordset<TaskRunUpdate>({
  workspace_id: 'uuid',
  id: 'uuid',
  flow_run_run_count: 'int',
  ...stateTypes,
})

export const updateTaskRuns = (sql: Queryable, rows: readonly TaskRunUpdate[]) => sql`
  update task_runs t set
    state_id = r.state_id, state_type = r.state_type, state_name = r.state_name, state_at = r.state_at,
    state_message = r.state_message, state_details = r.state_details, state_data = r.state_data,
    run_count = r.run_count, start_at = r.start_at, end_at = r.end_at, expected_start_at = r.expected_start_at,
    next_scheduled_start_at = r.next_scheduled_start_at, flow_run_run_count = r.flow_run_run_count,
    total_run_time_seconds = r.total_run_time_seconds, updated_at = r.state_at
  from ${taskRunUpdates(sql, byKey(rows))} r
  where t.workspace_id = r.workspace_id and t.id = r.id`

const stateRows = recordset<StateRow>({
  workspace_id: 'uuid',
  run_id: 'uuid',
  at: 'timestamptz',
  id: 'uuid',
  type: 'state_type',
  name: 'text',
  message: 'text',
  details: 'jsonb',
  data: 'json',
})

export const insertTaskRunStates = (sql: Queryable, rows: readonly StateRow[]) => sql`
  insert into task_run_states (workspace_id, run_id, at, id, type, name, message, details, data)
  select * from ${stateRows(sql, rows)} r
  on conflict do nothing`

const eventRows = recordset<EventRow>({
  workspace_id: 'uuid',
  occurred_at: 'timestamptz',
  id: 'uuid',
  event: 'text',
  resource_id: 'text',
  related_ids: 'lines',
  follows: 'uuid',
  received_at: 'timestamptz',
  body: 'json',
})

/** The same event sent twice is stored once, and seen once by automations. `watched`: ids of those that some want to see. */
export const insertEvents = (
  sql: Queryable,
  rows: readonly EventRow[],
  watched: readonly string[],
): Fragment =>
  watched.length === 0
    ? storeEventRows(sql, rows)
    : sql`
  with stored as (${storeEventRows(sql, rows)} returning workspace_id, occurred_at, id)
  ${takeIn(sql, sql`stored`, watched)}`

const storeEventRows = (sql: Queryable, rows: readonly EventRow[]): Fragment => sql`
  insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, follows, received_at, body)
  select workspace_id, occurred_at, id, event, resource_id, string_to_array(related_ids, e'\n'), follows, received_at, body
  from ${eventRows(sql, rows)} r
  on conflict do nothing`

export const insertDeltas = (sql: Queryable, deltas: RollupDeltas) => {
  const rows = deltas.rows()
  return rows.length === 0
    ? null
    : sql`
  insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
  select * from ${deltaRows(sql, rows)} r`
}

const cacheRows = recordset<CacheRow>({
  workspace_id: 'uuid',
  cache_key: 'text',
  state: 'json',
  expires_at: 'timestamptz',
})

export const upsertCache = (sql: Queryable, rows: readonly CacheRow[]) => sql`
  insert into task_run_cache (workspace_id, cache_key, state, expires_at)
  select distinct on (workspace_id, cache_key) * from ${cacheRows(sql, rows)} r
  on conflict (workspace_id, cache_key) do update set state = excluded.state, expires_at = excluded.expires_at, created_at = now()`

const logRows = recordset<LogRow>(
  {
    workspace_id: 'uuid',
    at: 'micros',
    id: 'uuid',
    flow_run_id: 'uuid',
    task_run_id: 'uuid',
    worker_id: 'uuid',
    logger: 'text',
    level: 'smallint',
    message: 'text',
  },
  ['workspace_id', 'flow_run_id', 'task_run_id', 'worker_id', 'logger'],
)

/** `isReplay`: some lines bring their own ids, under which they may be there already. */
export const insertLogs = (sql: Queryable, rows: readonly LogRow[], isReplay: boolean) => sql`
  insert into logs (workspace_id, at, id, flow_run_id, task_run_id, worker_id, logger, level, message)
  select * from ${logRows(sql, rows)} r
  ${unlessThere(sql, isReplay)}`

/** Sends statements together and waits for all; the first failure is thrown after all have settled, as the transaction needs. */
export async function all(statements: readonly (PromiseLike<unknown> | null)[]): Promise<void> {
  const settled = await Promise.allSettled(statements.filter((statement) => statement !== null))
  for (const one of settled) if (one.status === 'rejected') throw one.reason
}
