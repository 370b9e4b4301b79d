import { readWorkspace } from '../../db/scope.ts'
import type { StateType } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { type RunFilter, whereRuns } from './run-filter.ts'

/** One run in the scatter. */
export interface RunPoint {
  readonly id: string
  readonly name: string
  readonly flowName: string
  readonly stateType: StateType
  readonly stateName: string
  readonly startAt: string
  readonly endAt: string | null
  readonly totalRunTimeSeconds: number
}

/** The newest started runs that the filter matches, at most `limit`. */
export async function listRunPoints(
  ctx: Context,
  filter: RunFilter,
  limit: number,
): Promise<readonly RunPoint[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<RunPoint[]>`
      select r.id, r.name, f.name as "flowName", r.state_type as "stateType", r.state_name as "stateName",
        r.start_at as "startAt", r.end_at as "endAt", r.total_run_time_seconds as "totalRunTimeSeconds"
      from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where ${whereRuns(sql, ctx.workspaceId, filter)} and r.start_at is not null and r.state_type is not null
      order by r.expected_start_at desc, r.id desc limit ${limit}`,
  )
}
