import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'

/** Tags to choose from in a filter: as many as a menu can be searched for. */
const mostTags = 500
/** A workspace may keep millions of runs: what its people filter by is on these. */
const newestRuns = 1000
const nextRuns = 200

/** All tags that deployments have, by name. */
export async function listDeploymentTags(ctx: Context): Promise<readonly string[]> {
  requireScope(ctx, 'see_deployments')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ tag: string }[]>`
      select distinct t.tag from deployments d cross join unnest(d.tags) t (tag)
      where d.workspace_id = ${ctx.workspaceId} order by t.tag limit ${mostTags}`,
  )
  return rows.map((row) => row.tag)
}

/** The tags of the newest runs and of those that come next, by name. */
export async function listRunTags(ctx: Context): Promise<readonly string[]> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  const rows = await readWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<{ tag: string }[]>`
      select distinct t.tag from (
        (select r.tags from flow_runs r where r.workspace_id = ${workspaceId} and r.expected_start_at <= now()
         order by r.expected_start_at desc, r.id desc limit ${newestRuns})
        union all
        (select r.tags from flow_runs r where r.workspace_id = ${workspaceId} and r.expected_start_at > now()
         order by r.expected_start_at, r.id limit ${nextRuns})
      ) near cross join unnest(near.tags) t (tag)
      order by t.tag limit ${mostTags}`,
  )
  return rows.map((row) => row.tag)
}
