import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import {
  type AnyOf,
  type Condition,
  EVERYTHING,
  type Fragment,
  type Operator,
  Operators,
  type Span,
} from '../filters/operators.ts'
import { matchesText } from '../filters/text-search.ts'

type Maybe<Value> = Value | null | undefined

export interface LogFilter {
  readonly operator?: Operator
  readonly level?: Maybe<{ readonly ge_?: Maybe<number>; readonly le_?: Maybe<number> }>
  readonly timestamp?: Maybe<Span>
  readonly flow_run_id?: Maybe<{ readonly any_?: Maybe<readonly string[]> }>
  readonly task_run_id?: Maybe<{
    readonly any_?: Maybe<readonly string[]>
    readonly is_null_?: Maybe<boolean>
  }>
  readonly worker_id?: Maybe<AnyOf<string> & { readonly is_null_?: Maybe<boolean> }>
  readonly loggers?: Maybe<{ readonly any_?: Maybe<readonly string[]> }>
  readonly text?: Maybe<{ readonly query?: Maybe<string> }>
}

export interface LogRow {
  readonly id: string
  readonly at: string
  readonly flowRunId: string | null
  readonly taskRunId: string | null
  readonly workerId: string | null
  readonly logger: string
  readonly level: number
  readonly message: string
}

export const logSorts = [
  'TIMESTAMP_ASC',
  'TIMESTAMP_DESC',
  'LEVEL_ASC',
  'LEVEL_DESC',
  'FLOW_RUN_ID_ASC',
  'FLOW_RUN_ID_DESC',
  'TASK_RUN_ID_ASC',
  'TASK_RUN_ID_DESC',
] as const
export type LogSort = (typeof logSorts)[number]

// Ties are broken by id, which grows as lines arrive: lines of the same microsecond keep their order.
const orders = {
  TIMESTAMP_ASC: (sql) => sql`l.at, l.id`,
  TIMESTAMP_DESC: (sql) => sql`l.at desc, l.id desc`,
  LEVEL_ASC: (sql) => sql`l.level, l.at, l.id`,
  LEVEL_DESC: (sql) => sql`l.level desc, l.at, l.id`,
  FLOW_RUN_ID_ASC: (sql) => sql`l.flow_run_id, l.at, l.id`,
  FLOW_RUN_ID_DESC: (sql) => sql`l.flow_run_id desc, l.at, l.id`,
  TASK_RUN_ID_ASC: (sql) => sql`l.task_run_id, l.at, l.id`,
  TASK_RUN_ID_DESC: (sql) => sql`l.task_run_id desc, l.at, l.id`,
} as const satisfies Record<LogSort, (sql: Transaction) => Fragment>

export interface ListLogs {
  readonly filter: LogFilter | null
  readonly sort: LogSort
  readonly limit: number
  readonly offset: number
}

export const logColumns = (sql: Transaction): Fragment =>
  sql`l.id, l.at, l.flow_run_id, l.task_run_id, l.worker_id, l.logger, l.level, l.message`

export async function listLogs(
  ctx: Context,
  { filter, sort, limit, offset }: ListLogs,
): Promise<readonly LogRow[]> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const is = new Operators(sql)
    const flowRunIds = await flowRunsOfTasks(sql, workspaceId, filter)
    const where = is.and(
      is.join([matches(is, filter), is.ids(sql`l.flow_run_id`, flowRunIds && { any_: flowRunIds })]),
    )
    return sql<LogRow[]>`
      select ${logColumns(sql)} from logs l where l.workspace_id = ${workspaceId} ${where}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`
  })
}

function matches(is: Operators, filter: LogFilter | null) {
  const { sql } = is
  if (!filter) return null
  const { level, text } = filter
  // A part that is there but asks for nothing matches everything, and so does every alternative to it.
  const given = (part: unknown, condition: Condition): Condition => (part ? (condition ?? EVERYTHING) : null)
  return is.join(
    [
      given(
        level,
        is.join([
          typeof level?.ge_ === 'number' ? sql`l.level >= ${level.ge_}::int` : null,
          typeof level?.le_ === 'number' ? sql`l.level <= ${level.le_}::int` : null,
        ]),
      ),
      is.span(sql`l.at`, filter.timestamp),
      is.ids(sql`l.flow_run_id`, filter.flow_run_id),
      is.presence(sql`l.task_run_id`, filter.task_run_id, 'uuid'),
      given(
        filter.worker_id,
        is.join([
          is.ids(sql`l.worker_id`, filter.worker_id),
          is.isNull(sql`l.worker_id`, filter.worker_id?.is_null_),
        ]),
      ),
      is.texts(sql`l.logger`, filter.loggers),
      given(text, matchesText(is, sql`(l.message || ' ' || l.logger)`, text?.query)),
    ],
    filter.operator,
  )
}

/** Lines are kept by flow run. Asked for by task run alone, the task runs say which flow runs to look into; null: into all. */
async function flowRunsOfTasks(
  sql: Transaction,
  workspaceId: string,
  filter: LogFilter | null,
): Promise<readonly string[] | null> {
  const tasks = [...new Set(filter?.task_run_id?.any_)]
  if (tasks.length === 0 || filter?.flow_run_id?.any_ || filter?.operator === 'or_') return null
  const runs = await sql<{ flowRunId: string | null }[]>`
    select flow_run_id from task_runs where workspace_id = ${workspaceId} and id = any(${tasks}::uuid[])`
  const ids = [...new Set(runs.map((run) => run.flowRunId))].filter((id) => id !== null)
  // A line may arrive before its task run, and a free-standing task run has no flow run: then every line must be looked at.
  return runs.length === tasks.length && runs.every((run) => run.flowRunId !== null) ? ids : null
}
