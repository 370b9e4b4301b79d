import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { BadInput } from '../../domain/problem.ts'
import { isFinal, type StateType, stateTypes } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { type Fragment, Operators } from '../filters/operators.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { countedByState } from './count-flow-runs.ts'

export interface History {
  readonly filters: RunFilters
  readonly startMicros: number
  readonly endMicros: number
  readonly intervalSeconds: number
}

export interface HistoryState {
  readonly stateType: StateType
  readonly stateName: string
  readonly runs: number
  readonly runSeconds: number
  readonly lateSeconds: number
}

export interface HistoryInterval {
  readonly startMicros: number
  readonly endMicros: number
  readonly states: readonly HistoryState[]
}

const MAX_INTERVALS = 500
/** Rollups count by the minute, and by the hour what is older than that (see lib/services/fold-run-counts). */
const HOUR_MICROS = 3_600 * 1e6
const MINUTES_KEPT_MICROS = 48 * HOUR_MICROS

/** Whether the buckets of the rollups are much finer than the intervals asked for, so that few of them lie across a border. */
const rollupsAreFineEnough = (startMicros: number, intervalSeconds: number, nowMicros: number): boolean =>
  intervalSeconds >= 3_600 ||
  (intervalSeconds >= 300 && startMicros >= nowMicros - MINUTES_KEPT_MICROS + HOUR_MICROS)

/** Runs by state in intervals of their expected start; the first 500 intervals at most. */
export async function runHistory(
  ctx: Context,
  kind: 'flow-run' | 'task-run',
  input: History,
): Promise<readonly HistoryInterval[]> {
  requireScope(ctx, 'see_flows')
  const { filters, startMicros, endMicros, intervalSeconds } = input
  if (!(intervalSeconds >= 1)) throw new BadInput('History interval must not be less than 1 second.')
  const intervalMicros = intervalSeconds * 1e6
  const count = Math.max(0, Math.min(MAX_INTERVALS, Math.ceil((endMicros - startMicros) / intervalMicros)))
  const intervals = Array.from({ length: count }, (_, i) => ({
    startMicros: startMicros + i * intervalMicros,
    endMicros: Math.min(startMicros + (i + 1) * intervalMicros, LAST_MICROS),
    states: [] as HistoryState[],
  }))
  const last = intervals.at(-1)
  if (!last) return []
  const window = {
    from: formatInstant(startMicros),
    to: formatInstant(last.endMicros),
    seconds: intervalSeconds,
  }
  const rows = await readWorkspace(ctx.db, ctx.workspaceId, (sql) => {
    const counted =
      kind === 'flow-run' && rollupsAreFineEnough(startMicros, intervalSeconds, ctx.nowMicros())
        ? countedByState(filters)
        : null
    return counted
      ? fromRollups(sql, ctx.workspaceId, window, counted, filters, ctx.nowMicros())
      : fromRuns(sql, ctx.workspaceId, kind, window, filters, formatInstant(ctx.nowMicros()))
  })
  for (const { interval, ...state } of rows) intervals[interval]?.states.push(state)
  return intervals
}

const LAST_MICROS = Date.UTC(9999, 11, 31, 23, 59, 59) * 1000

interface Window {
  readonly from: string
  readonly to: string
  readonly seconds: number
}
type Row = HistoryState & { readonly interval: number }

const intervalOf = (sql: Transaction, column: Fragment, { from, seconds }: Window): Fragment =>
  sql`floor(extract(epoch from ${column} - ${from}::timestamptz)::float8 / ${seconds}::float8)::int`

function fromRuns(
  sql: Transaction,
  workspaceId: string,
  kind: 'flow-run' | 'task-run',
  window: Window,
  filters: RunFilters,
  now: string,
): Promise<readonly Row[]> {
  const conditions = new RunConditions(sql, workspaceId)
  const table = kind === 'flow-run' ? sql`flow_runs r` : sql`task_runs t`
  const x = kind === 'flow-run' ? sql`r` : sql`t`
  return sql<Row[]>`
    select ${intervalOf(sql, sql`${x}.expected_start_at`, window)} as interval, ${x}.state_type, ${x}.state_name,
      count(*)::int as runs,
      coalesce(sum(${runSeconds(sql, x, now)}), 0) as run_seconds,
      coalesce(sum(${lateSeconds(sql, x, now)}), 0) as late_seconds
    from ${table}
    where ${x}.workspace_id = ${workspaceId} and ${x}.expected_start_at >= ${window.from}::timestamptz and ${x}.expected_start_at < ${window.to}::timestamptz
      and ${x}.state_type is not null
      ${kind === 'flow-run' ? conditions.onFlowRuns(filters) : conditions.onTaskRuns(filters)}
    group by 1, 2, 3 order by 1, 2, 3`
}

const finalTypes = stateTypes.filter(isFinal)

/**
 * From the rollups what they tell exactly: runs that have ended, in buckets that lie within one interval. Buckets across a border,
 * and those with runs whose times still grow, are looked up run by run.
 */
function fromRollups(
  sql: Transaction,
  workspaceId: string,
  window: Window,
  { state, flowIds }: NonNullable<ReturnType<typeof countedByState>>,
  filters: RunFilters,
  nowMicros: number,
): Promise<readonly Row[]> {
  const is = new Operators(sql)
  const from = sql`${window.from}::timestamptz`
  const to = sql`${window.to}::timestamptz`
  const where = sql`
    c.workspace_id = ${workspaceId} and c.kind = 'flow-run' and c.bucket_at > ${from} - interval '1 hour' and c.bucket_at < ${to}
    ${is.and(is.join([flowIds ? is.ids(sql`c.flow_id`, { any_: flowIds }) : null, is.state(sql`c`, state)]))}`
  const columns = sql`c.bucket_at, c.state_type, c.state_name, c.runs, c.run_seconds, c.late_seconds`
  // What is older is in both: the hour as it was when it was folded, and minutes of what moved since.
  const folded = formatInstant(Math.floor((nowMicros - MINUTES_KEPT_MICROS) / HOUR_MICROS) * HOUR_MICROS)
  const isOld = sql`bucket_at < ${folded}::timestamptz`
  const now = formatInstant(nowMicros)
  return sql<Row[]>`
    with counted as materialized (
      select case when ${isOld} then date_trunc('hour', bucket_at, 'UTC') else bucket_at end as first_at,
        case when ${isOld} then interval '1 hour' else interval '1 minute' end as width,
        state_type, state_name, sum(runs) as runs, sum(run_seconds) as run_seconds, sum(late_seconds) as late_seconds
      from (
        select ${columns} from run_counts_hourly c where ${where}
        union all select ${columns} from run_counts c where ${where}
        union all select ${columns} from run_count_deltas c where ${where}
      ) parts
      group by 1, 2, 3, 4 having sum(runs) > 0
    ),
    looked_up as materialized (
      select distinct first_at, width from counted
      where state_type <> all(${finalTypes}::text[]::state_type[]) or first_at < ${from} or first_at + width > ${to}
        or ${intervalOf(sql, sql`first_at`, window)} <> ${intervalOf(sql, sql`(first_at + width - interval '1 microsecond')`, window)}
    )
    select interval, state_type, state_name, sum(runs)::int as runs,
      greatest(0, sum(run_seconds)) as run_seconds, greatest(0, sum(late_seconds)) as late_seconds
    from (
      select ${intervalOf(sql, sql`first_at`, window)} as interval, state_type, state_name, runs, run_seconds, late_seconds
      from counted c
      where not exists (select from looked_up l where l.first_at = c.first_at and l.width = c.width)
      union all
      select ${intervalOf(sql, sql`r.expected_start_at`, window)}, r.state_type, r.state_name, 1, r.run_seconds, r.late_seconds
      from looked_up l cross join lateral (
        select r.expected_start_at, r.state_type, r.state_name,
          ${runSeconds(sql, sql`r`, now)} as run_seconds, ${lateSeconds(sql, sql`r`, now)} as late_seconds
        from flow_runs r
        where r.workspace_id = ${workspaceId} and r.expected_start_at >= greatest(l.first_at, ${from})
          and r.expected_start_at < least(l.first_at + l.width, ${to}) and r.state_type is not null
          ${new RunConditions(sql, workspaceId).onFlowRuns(filters)}
        offset 0) r
    ) told
    group by 1, 2, 3 order by 1, 2, 3`
}

/** Run time including the present stretch. `x`: r or t. */
export const runSeconds = (sql: Transaction, x: Fragment, now: string): Fragment => sql`
  ${x}.total_run_time_seconds + case when ${x}.state_type = 'RUNNING'
    then greatest(0, extract(epoch from ${now}::timestamptz - ${x}.state_at)::float8) else 0 end`

/** How long after its expected start a run started; if it has not, how long it has been waiting. */
export const lateSeconds = (sql: Transaction, x: Fragment, now: string): Fragment => sql`
  case when ${x}.start_at is not null then greatest(0, extract(epoch from ${x}.start_at - ${x}.expected_start_at)::float8)
    when ${x}.end_at is null then greatest(0, extract(epoch from ${now}::timestamptz - ${x}.expected_start_at)::float8)
    else 0 end`
