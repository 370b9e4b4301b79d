import type { Database, Transaction } from '../../db/clients.ts'
import { shareReads } from '../../db/coalesce.ts'
import { type FlowRunRow, flowRunColumns } from '../../db/rows/flow-run.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { lateSeconds, runSeconds } from './run-history.ts'

export const flowRunSorts = [
  'ID_DESC',
  'START_TIME_ASC',
  'START_TIME_DESC',
  'EXPECTED_START_TIME_ASC',
  'EXPECTED_START_TIME_DESC',
  'NAME_ASC',
  'NAME_DESC',
  'NEXT_SCHEDULED_START_TIME_ASC',
  'END_TIME_DESC',
  'DURATION_DESC',
  'LATENESS_DESC',
] as const
export type FlowRunSort = (typeof flowRunSorts)[number]

const orders = {
  ID_DESC: (sql) => sql`r.id desc`,
  START_TIME_ASC: (sql) => sql`coalesce(r.start_at, r.expected_start_at), r.id`,
  START_TIME_DESC: (sql) => sql`coalesce(r.start_at, r.expected_start_at) desc, r.id desc`,
  EXPECTED_START_TIME_ASC: (sql) => sql`r.expected_start_at, r.id`,
  EXPECTED_START_TIME_DESC: (sql) => sql`r.expected_start_at desc, r.id desc`,
  NAME_ASC: (sql) => sql`r.name, r.id`,
  NAME_DESC: (sql) => sql`r.name desc, r.id desc`,
  NEXT_SCHEDULED_START_TIME_ASC: (sql) => sql`r.next_scheduled_start_at nulls last, r.id`,
  END_TIME_DESC: (sql) => sql`r.end_at desc nulls last, r.id desc`,
  DURATION_DESC: (sql) => sql`${runSeconds(sql, sql`r`, 'now')} desc, r.id desc`,
  LATENESS_DESC: (sql) => sql`${lateSeconds(sql, sql`r`, 'now')} desc, r.id desc`,
} as const satisfies Record<FlowRunSort, (sql: Transaction) => Fragment>

export interface ListFlowRuns {
  readonly filters: RunFilters
  readonly sort: FlowRunSort
  readonly limit: number
  readonly offset: number
}

// Pages and pollers ask for the same lists again and again; those who ask at the same time get the same rows.
const sharedOf = new WeakMap<Database, ReturnType<typeof shareReads<readonly FlowRunRow[]>>>()

export async function listFlowRuns(ctx: Context, input: ListFlowRuns): Promise<readonly FlowRunRow[]> {
  requireScope(ctx, 'see_flows')
  if (input.limit === 0) return []
  const { db, workspaceId } = ctx
  const shared = sharedOf.get(db) ?? shareReads<readonly FlowRunRow[]>()
  sharedOf.set(db, shared)
  return shared(`${workspaceId} ${JSON.stringify(input)}`, () =>
    readWorkspace(db, workspaceId, (sql) => selectFlowRuns(sql, workspaceId, input)),
  )
}

/** The rows of a page, within a transaction that sees the workspace. */
export function selectFlowRuns(
  sql: Transaction,
  workspaceId: string,
  input: ListFlowRuns,
): Promise<readonly FlowRunRow[]> {
  const { sort, limit, offset } = input
  const where = sql`r.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlowRuns(input.filters)}`
  const order = orders[sort](sql)
  const picked =
    sort === 'START_TIME_DESC' || sort === 'START_TIME_ASC'
      ? byStart(sql, workspaceId, where, input)
      : sql`select r.* from flow_runs r where ${where} order by ${order} limit ${limit} offset ${offset}`
  // The page is picked before flows are joined, so that the order of an index is never given up for the join's.
  return sql<FlowRunRow[]>`
    select ${flowRunColumns(sql)}
    from (${picked}) r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    order by ${order}`
}

/** Rows that started within a second of the last row's expected start are looked at in the order of their real start; so many at most. */
const MAX_SLACK = 500

/**
 * A page in the order of `coalesce(start_at, expected_start_at)`, which no index has: start_at changes with a transition, and an
 * index on it would cost every transition its HOT update. Whatever belongs to the page is in one of three short index scans:
 *  - `near`: the first rows by expected start, of runs that have not started, or started within the second after;
 *  - `slack`: rows expected less than a second beyond the last of those, since starting takes a moment and moves them by as much;
 *  - `late`: the first of the others, which stand in flow_run_late_starts by their real start.
 */
function byStart(
  sql: Transaction,
  workspaceId: string,
  where: Fragment,
  { sort, limit, offset }: ListFlowRuns,
): Fragment {
  const wanted = limit + offset
  const columns = sql`r.id, r.expected_start_at, coalesce(r.start_at, r.expected_start_at) as starts_at`
  const onTime = sql`(r.start_at is null or r.start_at - r.expected_start_at between interval '0' and interval '1 second')`
  // A run of `late` beyond the last of `near` cannot come before it. When `near` is not full, nothing bounds them.
  const bound = (full: Fragment, open: Fragment) =>
    sql`(select case when count(*) < ${wanted} then ${open} else ${full} end from near)`
  const parts =
    sort === 'START_TIME_DESC'
      ? {
          order: sql`r.expected_start_at desc, r.id desc`,
          beyond: sql`
            r.expected_start_at >= (select min(expected_start_at) from near) - interval '1 second'
            and (r.expected_start_at, r.id) < (select expected_start_at, id from near order by 1, 2 limit 1)`,
          lateBound: sql`l.start_at >= ${bound(sql`min(expected_start_at)`, sql`'-infinity'`)}`,
          late: sql`l.start_at desc, l.run_id desc`,
          page: sql`starts_at desc, id desc`,
        }
      : {
          order: sql`r.expected_start_at, r.id`,
          beyond: sql`
            r.expected_start_at <= (select max(expected_start_at) from near) + interval '1 second'
            and (r.expected_start_at, r.id) > (select expected_start_at, id from near order by 1 desc, 2 desc limit 1)`,
          lateBound: sql`l.start_at <= ${bound(sql`max(expected_start_at) + interval '1 second'`, sql`'infinity'`)}`,
          late: sql`l.start_at, l.run_id`,
          page: sql`starts_at, id`,
        }
  return sql`
    with near as materialized (
      select ${columns} from flow_runs r where ${where} and ${onTime} order by ${parts.order} limit ${wanted}
    ), slack as materialized (
      select ${columns} from flow_runs r where ${where} and ${onTime} and ${parts.beyond} order by ${parts.order} limit ${MAX_SLACK}
    ), late as materialized (
      select ${columns}
      from flow_run_late_starts l
      join flow_runs r on r.workspace_id = l.workspace_id and r.id = l.run_id and r.flow_id = l.flow_id
      where l.workspace_id = ${workspaceId} and ${where} and ${parts.lateBound}
      order by ${parts.late} limit ${wanted}
    ), page as materialized (
      select id from (select * from near union select * from slack union select * from late) candidates
      order by ${parts.page} limit ${limit} offset ${offset}
    )
    select r.* from page join flow_runs r on r.workspace_id = ${workspaceId} and r.id = page.id`
}
