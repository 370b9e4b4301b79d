import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { BadInput } from '../../domain/problem.ts'
import type { StateType } from '../../domain/state.ts'
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
/** Rollups count by the hour, and by the minute for the last two days (see lib/services/fold-run-counts). */
const MINUTES_KEPT_MICROS = 47 * 3_600 * 1e6

/** Whether the buckets of the rollups are much finer than the intervals asked for, so that nobody sees where their borders fall. */
const rollupsAreFineEnough = (startMicros: number, intervalSeconds: number, nowMicros: number): boolean =>
  intervalSeconds >= 3_600 || (intervalSeconds >= 300 && startMicros >= nowMicros - MINUTES_KEPT_MICROS)

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
      ? fromRollups(sql, ctx.workspaceId, window, counted)
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

function fromRollups(
  sql: Transaction,
  workspaceId: string,
  window: Window,
  { state, flowIds }: NonNullable<ReturnType<typeof countedByState>>,
): Promise<readonly Row[]> {
  const is = new Operators(sql)
  const where = sql`
    c.workspace_id = ${workspaceId} and c.kind = 'flow-run' and c.bucket_at > ${window.from}::timestamptz - interval '1 minute' and c.bucket_at < ${window.to}::timestamptz
    ${is.and(is.join([flowIds ? is.ids(sql`c.flow_id`, { any_: flowIds }) : null, is.state(sql`c`, state)]))}`
  const columns = sql`c.bucket_at, c.state_type, c.state_name, c.runs, c.run_seconds, c.late_seconds`
  return sql<Row[]>`
    select greatest(0, ${intervalOf(sql, sql`bucket_at`, window)}) as interval, state_type, state_name, sum(runs)::int as runs,
      greatest(0, sum(run_seconds)) as run_seconds, greatest(0, sum(late_seconds)) as late_seconds
    from (
      select ${columns} from run_counts_hourly c where ${where}
      union all select ${columns} from run_counts c where ${where}
      union all select ${columns} from run_count_deltas c where ${where}
    ) counted
    group by 1, 2, 3 having sum(runs) > 0 order by 1, 2, 3`
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
