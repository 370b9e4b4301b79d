import type { Queryable } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { FlowRunChange } from '../domain/change.ts'
import { generateRunName } from '../domain/run-name.ts'
import type { RawJson } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { languageOf } from '../domain/work/language.ts'
import { plainArray, separatedText, textArray } from './array-literal.ts'
import type { Engine } from './engine.ts'
import { grouped } from './grouped.ts'
import type { Signal } from './signals.ts'

/** One fire time of a schedule. */
export interface Tick {
  /** The end of the run's key. */
  readonly keyEnd: string
  readonly atMicros: number
  /** Why it will not run: it is recorded as skipped. null: it is scheduled. */
  readonly skipped: string | null
}

export interface TicksOfSchedule {
  readonly workspaceId: string
  readonly flowId: string
  readonly deploymentId: string
  readonly scheduleId: string
  /** null: the deployment's own. */
  readonly parameters: RawJson | null
  /** What the runs say made them, where the schedule has no slug. */
  readonly kindName: string
  /** Of the deployment, as its reader saw it: for what is told afterwards. */
  readonly tags: readonly string[]
  readonly workQueueId: string | null
  readonly workPoolId: string | null
  readonly entrypoint: string | null
  /** How the keys of its runs begin. A run with the same key that is there already stays as it is. */
  readonly keyStart: string
  /** Schedules that are alike share this list, which is then spelled once. */
  readonly ticks: readonly Tick[]
}

/** A run that was made. */
export interface ScheduledRun {
  readonly id: string
  readonly name: string
  readonly tick: Tick
  readonly of: TicksOfSchedule
}

export interface InsertOptions {
  readonly nowMicros: number
  readonly dice: () => number
  /**
   * Whether runs that are there already are left alone, and schedules that are gone make none; otherwise either fails it all. Looking
   * for them costs a quarter of the statement, and whoever holds the schedules' locks knows what was made of them.
   */
  readonly ignoreExisting: boolean
}

/**
 * Makes the runs of many schedules in one statement: run, first state and counts, and no events (wire-contract §6.2).
 * What their deployments say is read by the statement itself. Answers the runs that were not there before, of which the caller
 * tells after its COMMIT, by `tellOfScheduledRuns`.
 */
export async function insertScheduledRuns(
  sql: Queryable,
  schedules: readonly TicksOfSchedule[],
  { nowMicros, dice, ignoreExisting }: InsertOptions,
): Promise<readonly ScheduledRun[]> {
  const given = schedules.filter((schedule) => schedule.ticks.length > 0)
  if (given.length === 0) return []
  const now = formatInstant(nowMicros)
  const all: ScheduledRun[] = []
  // A list within a list: the runs of each schedule travel as text with commas, which Postgres cuts in a third of the time in which it
  // reads an array within an array.
  const ids: string[] = []
  const stateIds: string[] = []
  const names: string[] = []
  const spelled = given.map((of) => {
    let [itsIds, itsStateIds, itsNames] = ['', '', '']
    for (const tick of of.ticks) {
      const id = uuidv7()
      const name = generateRunName(dice)
      const comma = itsIds === '' ? '' : ','
      itsIds += comma + id
      itsStateIds += comma + uuidv7()
      itsNames += comma + name
      all.push({ id, name, tick, of })
    }
    ids.push(itsIds)
    stateIds.push(itsStateIds)
    names.push(itsNames)
    return spell(of.ticks)
  })
  const [made] = await sql<{ count: number; ids: string[] | null }[]>`
    with said as materialized (
      select
        d.workspace_id, d.flow_id, d.id as deployment_id, d.version, d.version_id, d.infrastructure_document_id,
        p.name as work_pool_name, d.work_queue_id, q.name as work_queue_name, coalesce(k.parameters::json, d.parameters) as parameters,
        case when 'auto-scheduled' = any(d.tags) then d.tags else d.tags || 'auto-scheduled'::text end as tags,
        f.labels || jsonb_build_object('prefect.flow.id', f.id, 'prefect.deployment.id', d.id) || d.labels as labels,
        ${policyOfLabels(sql)} as policy,
        jsonb_build_object('id', s.id, 'type', 'SCHEDULE', 'display_value', coalesce(s.slug, k.kind_name)) as created_by,
        k.ids, k.state_ids, k.names, k.key_start, k.key_ends, k.times, k.skipped
      from unnest(
        ${plainArray(given.map((of) => of.workspaceId))}::uuid[], ${plainArray(given.map((of) => of.deploymentId))}::uuid[],
        ${plainArray(given.map((of) => of.scheduleId))}::uuid[], ${textArray(given.map((of) => of.parameters))}::text[],
        ${textArray(given.map((of) => of.kindName))}::text[], ${cut(ids)}, ${cut(stateIds)}, ${cut(names)},
        ${cut(given.map((of) => of.keyStart))}, ${cut(spelled.map((its) => its.keyEnds))}, ${cut(spelled.map((its) => its.times))},
        ${textArray(spelled.map((its) => its.skipped))}::text[]
      ) as k (workspace_id, deployment_id, schedule_id, parameters, kind_name, ids, state_ids, names, key_start, key_ends, times, skipped)
      join deployment_schedules s on s.workspace_id = k.workspace_id and s.deployment_id = k.deployment_id and s.id = k.schedule_id
      join deployments d on d.workspace_id = k.workspace_id and d.id = k.deployment_id
      join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
      left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    ), made as (
      insert into flow_runs (
        workspace_id, id, flow_id, name, deployment_id, deployment_version, deployment_version_id, infrastructure_document_id,
        work_pool_name, work_queue_id, work_queue_name, idempotency_key, parameters, tags, labels, empirical_policy, created_by, auto_scheduled,
        state_id, state_type, state_name, state_at, state_message, state_details, end_at, expected_start_at,
        next_scheduled_start_at, created_at, updated_at)
      select
        d.workspace_id, t.id, d.flow_id, t.name, d.deployment_id, d.version, d.version_id, d.infrastructure_document_id,
        d.work_pool_name, d.work_queue_id, d.work_queue_name, d.key_start || t.key_end, d.parameters, d.tags, d.labels, d.policy, d.created_by, true,
        t.state_id, case when t.skipped is null then 'SCHEDULED'::state_type else 'CANCELLED'::state_type end,
        case when t.skipped is null then 'Scheduled' else 'Skipped' end, ${now}::timestamptz, coalesce(t.skipped, 'Flow run scheduled'),
        case when t.skipped is null then jsonb_build_object('flow_run_id', t.id, 'scheduled_time', t.time)
          else jsonb_build_object('flow_run_id', t.id) end,
        case when t.skipped is not null then ${now}::timestamptz end, t.time::timestamptz,
        case when t.skipped is null then t.time::timestamptz end, ${now}::timestamptz, ${now}::timestamptz
      from said d
      cross join lateral unnest(
        string_to_array(d.ids, ',')::uuid[], string_to_array(d.state_ids, ',')::uuid[], string_to_array(d.names, ','),
        string_to_array(d.key_ends, ','), string_to_array(d.times, ','), d.skipped::text[]
      ) as t (id, state_id, name, key_end, time, skipped)
      ${ignoreExisting ? sql`on conflict do nothing` : sql``}
      returning workspace_id, id, flow_id, deployment_id, expected_start_at, state_id, state_type, state_name, state_message, state_details
    ), states as (
      insert into flow_run_states (workspace_id, run_id, at, id, type, name, message, details)
      select workspace_id, id, ${now}::timestamptz, state_id, state_type, state_name, state_message, state_details from made
    ), counted as (
      insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
      select workspace_id, 'flow-run', date_trunc('minute', expected_start_at), flow_id, deployment_id, state_type, state_name, count(*), 0, 0
      from made group by 1, 2, 3, 4, 5, 6, 7
    )
    select count(*)::int as count, ${ignoreExisting ? sql`array_agg(id)` : sql`null`} as ids from made`
  if (!ignoreExisting && made?.count !== all.length)
    throw new Error(`${all.length} runs of schedules were to be made, and ${made?.count} were`)
  if (!ignoreExisting) return all
  const news = new Set(made?.ids)
  return all.filter(({ id }) => news.has(id))

  /** No item holds what is between items. */
  function cut(items: readonly string[]) {
    return sql`string_to_array(${separatedText(items)}::text, e'\\x1e', e'\\x1d')`
  }
}

interface Spelled {
  readonly keyEnds: string
  readonly times: string
  /** An array literal; null: none is skipped, and Postgres fills up the list that there is not. */
  readonly skipped: string | null
}
/** Of lists that are shared. */
const known = new WeakMap<readonly Tick[], Spelled>()

function spell(ticks: readonly Tick[]): Spelled {
  const before = known.get(ticks)
  if (before) return before
  const spelled = {
    keyEnds: ticks.map((tick) => tick.keyEnd).join(','),
    times: ticks.map((tick) => formatInstant(tick.atMicros)).join(','),
    skipped: ticks.some((tick) => tick.skipped !== null)
      ? textArray(ticks.map((tick) => tick.skipped))
      : null,
  }
  known.set(ticks, spelled)
  return spelled
}

/** Of a deployment `d` of a flow `f`, as `lib/domain/orchestration/policy-of-labels.ts` has it. */
const policyOfLabels = (sql: Queryable) => {
  const label = (name: string) => sql`(f.labels || d.labels) -> ${name}::text`
  const number = (name: string) =>
    sql`case when jsonb_typeof(${label(name)}) = 'number' then ${label(name)} end`
  return sql`jsonb_strip_nulls(jsonb_build_object(
    'on_lost', case when ${label('rigel.on-lost')} in ('"crash"', '"reschedule"') then ${label('rigel.on-lost')} end,
    'start_within_seconds', ${number('rigel.start-within-seconds')},
    'finish_within_seconds', ${number('rigel.finish-within-seconds')}))`
}

/** Tells pages, and those who wait for work, of runs that were made. Called after the COMMIT. */
export function tellOfScheduledRuns(
  engine: Pick<Engine, 'announceNew' | 'signals'>,
  runs: readonly ScheduledRun[],
  nowMicros: number,
): void {
  const now = formatInstant(nowMicros)
  for (const [workspaceId, its] of grouped(
    runs,
    (run) => run.of.workspaceId,
    (run) => run,
  ))
    engine.announceNew(workspaceId, its, (run) => changeOf(run, now))
  // The soonest of each schedule: whoever looks then sees what comes next.
  const soonest = new Map<TicksOfSchedule, number>()
  for (const { tick, of } of runs)
    if (tick.skipped === null) soonest.set(of, Math.min(tick.atMicros, soonest.get(of) ?? tick.atMicros))
  engine.signals.emit(Array.from(soonest, ([of, dueMicros]) => dueSignal(of, dueMicros)))
}

const dueSignal = (of: TicksOfSchedule, dueMicros: number): Signal => ({
  type: 'due',
  workspaceId: of.workspaceId,
  workPoolId: of.workPoolId,
  workQueueId: of.workQueueId,
  deploymentId: of.deploymentId,
  language: languageOf(of.entrypoint),
  dueMicros,
})

const changeOf = ({ id, name, tick, of }: ScheduledRun, now: string): FlowRunChange => ({
  kind: 'flow-run',
  id,
  flowId: of.flowId,
  name,
  stateType: tick.skipped === null ? 'SCHEDULED' : 'CANCELLED',
  stateName: tick.skipped === null ? 'Scheduled' : 'Skipped',
  stateAt: now,
  stateMessage: tick.skipped ?? 'Flow run scheduled',
  expectedStartAt: formatInstant(tick.atMicros),
  startAt: null,
  endAt: tick.skipped === null ? null : now,
  totalRunTimeSeconds: 0,
  runCount: 0,
  tags: [...new Set([...of.tags, 'auto-scheduled'])],
  deploymentId: of.deploymentId,
  parentTaskRunId: null,
})
