import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { flowRunColumns } from './columns.ts'
import type { FlowRunRow } from './rows.ts'

const mostRuns = 50

/** The newest runs of these queues. */
export async function listRunsOfQueues(
  ctx: Context,
  queueIds: readonly string[],
): Promise<readonly FlowRunRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FlowRunRow[]>`
      select ${flowRunColumns(sql)}
      from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where r.workspace_id = ${ctx.workspaceId} and r.work_queue_id = any(${[...queueIds]}::uuid[]) and r.expected_start_at is not null
      order by r.expected_start_at desc, r.id desc limit ${mostRuns}`,
  )
}
