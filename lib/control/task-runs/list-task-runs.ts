import type { Transaction } from '../../db/clients.ts'
import { type TaskRunRow, taskRunColumns } from '../../db/rows/task-run.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'

export const taskRunSorts = [
  'ID_DESC',
  'EXPECTED_START_TIME_ASC',
  'EXPECTED_START_TIME_DESC',
  'NAME_ASC',
  'NAME_DESC',
  'NEXT_SCHEDULED_START_TIME_ASC',
  'END_TIME_DESC',
] as const
export type TaskRunSort = (typeof taskRunSorts)[number]

const orders = {
  ID_DESC: (sql) => sql`t.id desc`,
  EXPECTED_START_TIME_ASC: (sql) => sql`t.expected_start_at, t.id`,
  EXPECTED_START_TIME_DESC: (sql) => sql`t.expected_start_at desc nulls last, t.id desc`,
  NAME_ASC: (sql) => sql`t.name, t.id`,
  NAME_DESC: (sql) => sql`t.name desc, t.id desc`,
  NEXT_SCHEDULED_START_TIME_ASC: (sql) => sql`t.next_scheduled_start_at nulls last, t.id`,
  END_TIME_DESC: (sql) => sql`t.end_at desc nulls last, t.id desc`,
} as const satisfies Record<TaskRunSort, (sql: Transaction) => Fragment>

export interface ListTaskRuns {
  readonly filters: RunFilters
  readonly sort: TaskRunSort
  readonly limit: number
  readonly offset: number
}

export async function listTaskRuns(ctx: Context, input: ListTaskRuns): Promise<readonly TaskRunRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<TaskRunRow[]>`
      select ${taskRunColumns(sql)} from task_runs t
      where t.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onTaskRuns(input.filters)}
      order by ${orders[input.sort](sql)} limit ${input.limit} offset ${input.offset}`,
  )
}

export async function countTaskRuns(ctx: Context, filters: RunFilters): Promise<number> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from task_runs t
      where t.workspace_id = ${ctx.workspaceId} ${new RunConditions(sql, ctx.workspaceId).onTaskRuns(filters)}`,
  )
  return row?.count ?? 0
}
