import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

export interface NextRun {
  readonly id: string
  readonly flowId: string
  readonly name: string
  readonly stateName: string
  readonly stateType: string
  readonly nextScheduledStartAt: string
}

/** Of each flow the scheduled run that is due first. Flows without one are left out. */
export async function nextRuns(ctx: Context, flowIds: readonly string[]): Promise<readonly NextRun[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<NextRun[]>`
      select distinct on (r.flow_id) r.id, r.flow_id, r.name, r.state_name, r.state_type, r.next_scheduled_start_at
      from flow_runs r
      where r.workspace_id = ${ctx.workspaceId} and r.flow_id = any(${[...flowIds]}::uuid[])
        and r.next_scheduled_start_at is not null and r.state_type = 'SCHEDULED'
      order by r.flow_id, r.next_scheduled_start_at, r.id`,
  )
}
