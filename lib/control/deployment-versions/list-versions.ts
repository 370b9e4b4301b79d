import { fromVersions, type VersionRow, versionColumns } from '../../db/rows/deployment-version.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { deploymentById } from '../deployments/read-deployment.ts'

export interface VersionPage {
  readonly rows: readonly VersionRow[]
  /** Of all pages. */
  readonly count: number
}

/** Versions of a deployment, the newest first. Throws NotFound. */
export async function listVersions(
  ctx: Context,
  deploymentId: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<VersionPage> {
  requireScope(ctx, 'see_deployments')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    await deploymentById(sql, workspaceId, deploymentId)
    const [rows, counted] = await Promise.all([
      sql<VersionRow[]>`
        select ${versionColumns(sql)} ${fromVersions(sql)}
        where v.workspace_id = ${workspaceId} and v.deployment_id = ${deploymentId}
        order by v.number desc limit ${limit} offset ${offset}`,
      sql<{ count: number }[]>`
        select count(*)::int as count from deployment_versions
        where workspace_id = ${workspaceId} and deployment_id = ${deploymentId}`,
    ])
    return { rows, count: counted[0]?.count ?? 0 }
  })
}
