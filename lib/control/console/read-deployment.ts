import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { readDeployment } from '../deployments/read-deployment.ts'
import { lastRunsOfDeployments, readiness } from './list-deployments.ts'
import type { FlowRunRow } from './rows.ts'

export interface DeploymentView {
  readonly deployment: DeploymentRow
  readonly status: 'READY' | 'NOT_READY'
  readonly lastRuns: readonly FlowRunRow[]
  /** Of the last 30 days: how many ended, and how many of them well. */
  readonly ended: number
  readonly completed: number
  readonly runCount: number
  readonly versionNumber: number | null
  readonly versionCount: number
  readonly versionBy: string | null
  readonly versionAt: string | null
  readonly parameterCount: number
}

/** A deployment with what its page shows at once. Throws NotFound. */
export async function readDeploymentView(ctx: Context, id: string): Promise<DeploymentView> {
  const deployment = await readDeployment(ctx, id)
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [lastRuns, [month], [runs], [version], [standing]] = await Promise.all([
      lastRunsOfDeployments(sql, workspaceId, [id]),
      sql<{ ended: number; completed: number }[]>`
        select count(*)::int as ended, (count(*) filter (where state_type = 'COMPLETED'))::int as completed
        from (
          select r.state_type from flow_runs r
          where r.workspace_id = ${workspaceId} and r.deployment_id = ${id}
            and r.expected_start_at > now() - interval '30 days' and r.expected_start_at <= now()
            and r.state_type in ('COMPLETED', 'FAILED', 'CRASHED')
          limit 10001
        ) month`,
      sql<{ count: number }[]>`
        select count(*)::int as count from (
          select 1 from flow_runs r where r.workspace_id = ${workspaceId} and r.deployment_id = ${id} limit 10001
        ) counted`,
      sql<{ number: number | null; count: number; by: string | null; at: string | null }[]>`
        select
          (select count(*)::int from deployment_versions v where v.workspace_id = ${workspaceId} and v.deployment_id = ${id}) as count,
          v.number, v.created_by ->> 'display_value' as by, v.created_at as at
        from (select 1) one
        left join deployment_versions v on v.workspace_id = ${workspaceId} and v.deployment_id = ${id} and v.id = ${deployment.versionId}`,
      sql<{ status: 'READY' | 'NOT_READY' }[]>`
        select ${readiness(sql)} as status from deployments d
        left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
        left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
        where d.workspace_id = ${workspaceId} and d.id = ${id}`,
    ])
    return {
      deployment,
      status: standing?.status ?? deployment.status,
      lastRuns: [...lastRuns].reverse(),
      ended: month?.ended ?? 0,
      completed: month?.completed ?? 0,
      runCount: runs?.count ?? 0,
      versionNumber: version?.number ?? null,
      versionCount: version?.count ?? 0,
      versionBy: version?.by ?? null,
      versionAt: version?.at ?? null,
      parameterCount: countMembers(deployment.parameterOpenapiSchema, deployment.parameters),
    }
  })
}

function countMembers(schema: RawJson | null, values: RawJson): number {
  const names = new Set<string>()
  for (const [text, member] of [
    [schema, 'properties'],
    [values, null],
  ] as const) {
    const read: unknown = text === null ? null : JSON.parse(text)
    const object: unknown =
      member === null || typeof read !== 'object' || read === null ? read : Reflect.get(read, member)
    if (typeof object === 'object' && object !== null) for (const name of Object.keys(object)) names.add(name)
  }
  return names.size
}

export interface VersionListRow {
  readonly id: string
  readonly number: number
  readonly version: string | null
  readonly by: string | null
  readonly at: string
  readonly isCurrent: boolean
}

const mostVersions = 200

/** Versions of a deployment, the newest first. */
export async function listDeploymentVersions(ctx: Context, id: string): Promise<readonly VersionListRow[]> {
  requireScope(ctx, 'see_deployments')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VersionListRow[]>`
      select v.id, v.number, v.version, v.created_by ->> 'display_value' as by, v.created_at as at, v.id = d.version_id as is_current
      from deployment_versions v
      join deployments d on d.workspace_id = v.workspace_id and d.id = v.deployment_id
      where v.workspace_id = ${ctx.workspaceId} and v.deployment_id = ${id}
      order by v.number desc limit ${mostVersions}`,
  )
}

/** Parameters, tags and name of a run that is to be copied; null where it is not one of this deployment. */
export async function readRunToCopy(
  ctx: Context,
  deploymentId: string,
  flowRunId: string,
): Promise<{ readonly name: string; readonly parameters: RawJson; readonly tags: readonly string[] } | null> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ name: string; parameters: RawJson; tags: readonly string[] }[]>`
      select r.name, r.parameters, r.tags from flow_runs r
      where r.workspace_id = ${ctx.workspaceId} and r.id = ${flowRunId} and r.deployment_id = ${deploymentId}`,
  )
  return row ?? null
}
