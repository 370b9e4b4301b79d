import type { Queryable } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { FlowRunChange } from '../domain/change.ts'
import { generateRunName } from '../domain/run-name.ts'
import type { RawJson } from '../domain/state.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import type { Signal } from './signals.ts'

/** One fire time of a schedule. */
export interface Tick {
  /** A run with this key that is there already stays as it is. */
  readonly key: string
  readonly atMicros: number
  /** Why it will not run: it is recorded as skipped. null: it is scheduled. */
  readonly skipped: string | null
}

export interface TicksOfSchedule {
  readonly workspaceId: string
  readonly deploymentId: string
  readonly scheduleId: string
  /** null: the deployment's own. */
  readonly parameters: RawJson | null
  /** What the runs say made them, where the schedule has no slug. */
  readonly kindName: string
  readonly ticks: readonly Tick[]
}

/** A run that was made just now, in which workspace, and what that means to those who wait for work; null: it was skipped. */
export type ScheduledRun = readonly [workspaceId: string, change: FlowRunChange, due: Signal | null]

interface MadeRow {
  readonly workspaceId: string
  readonly id: string
  readonly flowId: string
  readonly deploymentId: string
  readonly name: string
  readonly at: string
  readonly stateType: 'SCHEDULED' | 'CANCELLED'
  readonly stateName: string
  readonly stateMessage: string
  readonly tags: readonly string[]
  readonly workQueueId: string | null
  readonly workPoolId: string | null
}

/**
 * Makes the runs of many schedules in one statement: run, first state and counts, and no events (wire-contract §6.2).
 * What their deployments say is read by the statement itself; a schedule that is gone meanwhile makes none. Answers the runs
 * that were not there before, which the caller announces after its COMMIT.
 */
export async function insertScheduledRuns(
  sql: Queryable,
  schedules: readonly TicksOfSchedule[],
  { nowMicros, dice }: { readonly nowMicros: number; readonly dice: () => number },
): Promise<readonly ScheduledRun[]> {
  const given = schedules.filter((schedule) => schedule.ticks.length > 0)
  if (given.length === 0) return []
  const now = formatInstant(nowMicros)
  const rows = given.map((schedule) => ({
    workspace_id: schedule.workspaceId,
    deployment_id: schedule.deploymentId,
    schedule_id: schedule.scheduleId,
    parameters: schedule.parameters,
    kind_name: schedule.kindName,
    ticks: schedule.ticks.map(({ key, atMicros, skipped }) => ({
      id: uuidv7(),
      state_id: uuidv7(),
      name: generateRunName(dice),
      key,
      at: formatInstant(atMicros),
      ...(skipped === null ? {} : { skipped }),
    })),
  }))
  const made = await sql<MadeRow[]>`
    with wanted as (
      select
        d.workspace_id, d.flow_id, d.id as deployment_id, d.version, d.version_id, d.infrastructure_document_id,
        p.name as work_pool_name, d.work_queue_id, q.name as work_queue_name, coalesce(k.parameters::json, d.parameters) as parameters,
        array(select distinct unnest(d.tags || '{auto-scheduled}'::text[])) as tags,
        f.labels || jsonb_build_object('prefect.flow.id', f.id, 'prefect.deployment.id', d.id) || d.labels as labels,
        jsonb_build_object('id', s.id, 'type', 'SCHEDULE', 'display_value', coalesce(s.slug, k.kind_name)) as created_by,
        t.id, t.state_id, t.name, t.key, t.at::timestamptz as at, t.at as at_text, t.skipped
      from json_to_recordset(${JSON.stringify(rows)}::json) as k (
        workspace_id uuid, deployment_id uuid, schedule_id uuid, parameters text, kind_name text, ticks json)
      join deployment_schedules s on s.workspace_id = k.workspace_id and s.deployment_id = k.deployment_id and s.id = k.schedule_id
      join deployments d on d.workspace_id = k.workspace_id and d.id = k.deployment_id
      join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
      left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      cross join lateral json_to_recordset(k.ticks) as t (id uuid, state_id uuid, name text, key text, at text, skipped text)
    ), made as (
      insert into flow_runs (
        workspace_id, id, flow_id, name, deployment_id, deployment_version, deployment_version_id, infrastructure_document_id,
        work_pool_name, work_queue_id, work_queue_name, idempotency_key, parameters, tags, labels, created_by, auto_scheduled,
        state_id, state_type, state_name, state_at, state_message, state_details, end_at, expected_start_at,
        next_scheduled_start_at, created_at, updated_at)
      select
        workspace_id, id, flow_id, name, deployment_id, version, version_id, infrastructure_document_id,
        work_pool_name, work_queue_id, work_queue_name, key, parameters, tags, labels, created_by, true,
        state_id, (case when skipped is null then 'SCHEDULED' else 'CANCELLED' end)::state_type,
        case when skipped is null then 'Scheduled' else 'Skipped' end, ${now}::timestamptz, coalesce(skipped, 'Flow run scheduled'),
        jsonb_build_object('flow_run_id', id) || case when skipped is null then jsonb_build_object('scheduled_time', at_text) else '{}' end,
        case when skipped is not null then ${now}::timestamptz end,
        at, case when skipped is null then at end, ${now}::timestamptz, ${now}::timestamptz
      from wanted
      on conflict do nothing
      returning workspace_id, id, flow_id, deployment_id, name, expected_start_at, state_id, state_type, state_name, state_message,
        state_details, tags, work_queue_id
    ), states as (
      insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details)
      select workspace_id, id, ${now}::timestamptz, state_id, state_type, state_name, state_message, state_details from made
    ), counted as (
      insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
      select workspace_id, 'flow-run', date_trunc('minute', expected_start_at), flow_id, deployment_id, state_type, state_name, count(*), 0, 0
      from made group by 1, 2, 3, 4, 5, 6, 7
    )
    select m.workspace_id, m.id, m.flow_id, m.deployment_id, m.name, m.expected_start_at as at, m.state_type, m.state_name,
      m.state_message, m.tags, m.work_queue_id, q.work_pool_id
    from made m left join work_queues q on q.workspace_id = m.workspace_id and q.id = m.work_queue_id`
  return made.map((row) => [row.workspaceId, changeOf(row, now), dueSignal(row)])
}

const dueSignal = ({
  workspaceId,
  workPoolId,
  workQueueId,
  deploymentId,
  stateType,
  at,
}: MadeRow): Signal | null =>
  stateType === 'SCHEDULED'
    ? { type: 'due', workspaceId, workPoolId, workQueueId, deploymentId, dueMicros: parseInstant(at) ?? 0 }
    : null

const changeOf = (row: MadeRow, now: string): FlowRunChange => ({
  kind: 'flow-run',
  id: row.id,
  flowId: row.flowId,
  name: row.name,
  stateType: row.stateType,
  stateName: row.stateName,
  stateAt: now,
  stateMessage: row.stateMessage,
  expectedStartAt: row.at,
  startAt: null,
  endAt: row.stateType === 'CANCELLED' ? now : null,
  totalRunTimeSeconds: 0,
  runCount: 0,
  tags: row.tags,
  deploymentId: row.deploymentId,
  parentTaskRunId: null,
})
