import type { Transaction } from '../../db/clients.ts'
import { coalesce } from '../../db/coalesce.ts'
import { type DeploymentRow, deploymentColumns, fromDeployments } from '../../db/rows/deployment.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

// Workers read it for every run that they start: under load most reads share a statement.
const readById = coalesce<DeploymentRow>({
  maxBatch: 100,
  read: (sql, workspaceId, ids) => sql<DeploymentRow[]>`
    select ${deploymentColumns(sql)} ${fromDeployments(sql)}
    where d.workspace_id = ${workspaceId} and d.id = any(${[...ids]}::uuid[])`,
})

/** Throws NotFound. */
export async function readDeployment(ctx: Context, id: string): Promise<DeploymentRow> {
  requireScope(ctx, 'see_deployments')
  const row = await readById(ctx.db, ctx.workspaceId, id.toLowerCase())
  if (!row) throw new NotFound('Deployment')
  return row
}

/** Throws NotFound. */
export async function readDeploymentByName(
  ctx: Context,
  name: { readonly flow: string; readonly deployment: string },
): Promise<DeploymentRow> {
  requireScope(ctx, 'see_deployments')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<DeploymentRow[]>`
      select ${deploymentColumns(sql)} ${fromDeployments(sql)}
      where d.workspace_id = ${ctx.workspaceId} and d.name = ${name.deployment} and f.name = ${name.flow}`,
  )
  if (!row) throw new NotFound('Deployment')
  return row
}

/** Within a transaction. Throws NotFound. */
export async function deploymentById(
  sql: Transaction,
  workspaceId: string,
  id: string,
): Promise<DeploymentRow> {
  const [row] = await sql<DeploymentRow[]>`
    select ${deploymentColumns(sql)} ${fromDeployments(sql)} where d.workspace_id = ${workspaceId} and d.id = ${id}`
  if (!row) throw new NotFound('Deployment')
  return row
}
