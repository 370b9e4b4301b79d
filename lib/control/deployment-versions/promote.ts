import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { deploymentById } from '../deployments/read-deployment.ts'
import { settleDeployment } from '../deployments/settle-deployment.ts'
import type { VersionedColumn } from '../deployments/write-version.ts'
import { applyVersion } from './apply-version.ts'
import { versionById } from './read-version.ts'

export interface Promotion {
  readonly deploymentId: string
  /** null: the one that the deployment shows. */
  readonly versionId: string | null
  /** Of the same flow. */
  readonly targetId: string
  /** What the target keeps of its own. */
  readonly keep: readonly VersionedColumn[]
}

/** Makes another deployment of the flow run what this one runs: staging's version goes to production. Throws NotFound, BadInput. */
export async function promote(
  ctx: Context,
  engine: Engine,
  { deploymentId, versionId, targetId, keep }: Promotion,
): Promise<DeploymentRow> {
  requireScope(ctx, 'write_deployments')
  const { workspaceId } = ctx
  const written = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const source = await deploymentById(sql, workspaceId, deploymentId)
    const target = await deploymentById(sql, workspaceId, targetId)
    if (source.id === target.id)
      throw new BadInput('A deployment cannot be promoted to itself: roll it back instead.')
    if (source.flowId !== target.flowId) {
      throw new BadInput(
        `A version can be promoted to another deployment of its own flow: ${source.name} runs ${source.flowName}, and ${target.name} runs ${target.flowName}.`,
      )
    }
    const id = versionId ?? source.versionId
    if (id === null) throw new NotFound('Deployment version')
    await versionById(sql, workspaceId, { deploymentId, id })
    return applyVersion(sql, ctx, targetId, { deploymentId, id }, new Set(keep))
  })
  await settleDeployment(ctx, engine, written)
  return written.after
}
