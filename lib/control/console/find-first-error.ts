import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/**
 * The line at which a run broke: the first error of its last attempt's end, that is of the last stretch of error lines,
 * and how many lines there are. null when it wrote no error.
 */
export async function findFirstError(
  ctx: Context,
  flowRunId: string,
): Promise<{ readonly line: number; readonly total: number } | null> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ line: number | null; total: number }[]>`
      with numbered as (
        select level, row_number() over (order by at, id)::int as line
        from logs where workspace_id = ${ctx.workspaceId} and flow_run_id = ${flowRunId}
      )
      select
        (select min(line) from numbered where level >= 40
          and line > coalesce((select max(line) from numbered where level < 40), 0)) as line,
        (select count(*)::int from numbered) as total`,
  )
  if (!row) return null
  if (row.line !== null) return { line: row.line, total: row.total }
  const [last] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ line: number | null }[]>`
      select max(line) as line from (
        select level, row_number() over (order by at, id)::int as line
        from logs where workspace_id = ${ctx.workspaceId} and flow_run_id = ${flowRunId}
      ) numbered where level >= 40`,
  )
  return last?.line ? { line: last.line, total: row.total } : null
}
