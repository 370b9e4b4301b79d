import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { settleDeployment } from '../deployments/settle-deployment.ts'
import { applyVersion } from './apply-version.ts'
import { versionById, type WhichVersion } from './read-version.ts'

/** Makes the deployment what it was. Schedules, pausing and limits stay as they are. Throws NotFound. */
export async function rollBack(ctx: Context, engine: Engine, version: WhichVersion): Promise<DeploymentRow> {
  requireScope(ctx, 'write_deployments')
  const written = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    await versionById(sql, ctx.workspaceId, version)
    return applyVersion(sql, ctx, version.deploymentId, version)
  })
  await settleDeployment(ctx, engine, written)
  return written.after
}
