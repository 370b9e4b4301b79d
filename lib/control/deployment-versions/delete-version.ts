import { inWorkspace } from '../../db/scope.ts'
import { Conflict } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { versionById, type WhichVersion } from './read-version.ts'

/** Throws NotFound, Conflict for the version that the deployment shows. */
export async function deleteVersion(ctx: Context, which: WhichVersion): Promise<void> {
  requireScope(ctx, 'manage_deployments')
  const { workspaceId } = ctx
  await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await sql`
      select id from deployments where workspace_id = ${workspaceId} and id = ${which.deploymentId} for no key update`
    const { isCurrent, number } = await versionById(sql, workspaceId, which)
    if (isCurrent)
      throw new Conflict(
        `Version ${number} is what the deployment is now. Roll back to another one before you delete it.`,
      )
    await sql`
      delete from deployment_versions
      where workspace_id = ${workspaceId} and deployment_id = ${which.deploymentId} and id = ${which.id}`
  })
}
