import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { containing } from './columns.ts'
import type { LogRow } from './rows.ts'

export interface ListLogs {
  readonly flowRunId: string
  readonly taskRunId: string | null
  readonly minLevel: number
  readonly text: string | null
  /** Bring this line, and what surrounds it. */
  readonly aroundLine?: number
  /** Bring the lines up to this one; neither: the last. */
  readonly upToLine?: number
  readonly pageSize: number
}

export interface LogPage {
  /** In the order of time. */
  readonly rows: readonly LogRow[]
  /** All lines of the run, whatever the filter. */
  readonly total: number
  /** Of these, the task run's that was asked for; null when none was. */
  readonly ofTask: number | null
  readonly hasEarlier: boolean
  readonly hasLater: boolean
}

/** A window of a run's log lines, each with its number among all lines of the run. */
export async function listLogs(ctx: Context, input: ListLogs): Promise<LogPage> {
  requireScope(ctx, 'see_flows')
  const { flowRunId, taskRunId, minLevel, text, aroundLine, upToLine, pageSize } = input
  const lastLine = upToLine ?? (aroundLine === undefined ? undefined : aroundLine + Math.floor(pageSize / 2))
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const ofRun = sql`workspace_id = ${ctx.workspaceId} and flow_run_id = ${flowRunId}`
    const [rows, counted] = await Promise.all([
      sql<LogRow[]>`
        with numbered as (
          select id, at, level, logger, message, task_run_id, row_number() over (order by at, id)::int as line
          from logs where ${ofRun}
        )
        select id, line, at, level, logger, left(message, 20000) as message, task_run_id as "taskRunId" from numbered
        where level >= ${minLevel}
          ${taskRunId ? sql`and task_run_id = ${taskRunId}` : sql``}
          ${text ? sql`and message ilike ${containing(text)}` : sql``}
          ${lastLine === undefined ? sql`` : sql`and line <= ${lastLine}`}
        order by line desc limit ${pageSize + 1}`,
      sql<{ count: number; ofTask: number | null }[]>`
        select count(*)::int as count,
          ${taskRunId ? sql`(count(*) filter (where task_run_id = ${taskRunId}))::int` : sql`null::int`} as "ofTask"
        from logs where ${ofRun}`,
    ])
    const total = counted[0]?.count ?? 0
    return {
      rows: [...rows.slice(0, pageSize)].reverse(),
      total,
      ofTask: counted[0]?.ofTask ?? null,
      hasEarlier: rows.length > pageSize,
      hasLater: lastLine !== undefined && lastLine < total,
    }
  })
}
