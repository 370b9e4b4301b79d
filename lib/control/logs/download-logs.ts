import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { type LogRow, logColumns } from './list-logs.ts'

const LINES_AT_ONCE = 2_000

/** All lines of a run in their order, a page at a time; each page is a short transaction of its own. */
export async function* downloadLogs(ctx: Context, flowRunId: string): AsyncGenerator<readonly LogRow[]> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  let last: LogRow | undefined
  do {
    const after = last
    const page: readonly LogRow[] = await readWorkspace(
      ctx.db,
      workspaceId,
      (sql) => sql<LogRow[]>`
        select ${logColumns(sql)} from logs l
        where l.workspace_id = ${workspaceId} and l.flow_run_id = ${flowRunId}
          ${after ? sql`and (l.at, l.id) > (${after.at}::timestamptz, ${after.id}::uuid)` : sql``}
        order by l.at, l.id limit ${LINES_AT_ONCE}`,
    )
    if (page.length > 0) yield page
    last = page.length === LINES_AT_ONCE ? page.at(-1) : undefined
  } while (last)
}
