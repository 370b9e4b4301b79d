import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

export interface FirstRun {
  readonly id: string
  readonly name: string
  readonly flowName: string
}

/** The run with which the workspace began; a run inside a task is not what somebody started. */
export async function findFirstRun(ctx: Context): Promise<FirstRun | null> {
  requireScope(ctx, 'see_flows')
  const [first] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FirstRun[]>`
      select r.id, r.name, f.name as "flowName"
      from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where r.workspace_id = ${ctx.workspaceId} and r.parent_task_run_id is null and r.expected_start_at is not null
      order by r.expected_start_at, r.id limit 1`,
  )
  return first ?? null
}
