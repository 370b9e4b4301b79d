import type { Transaction } from '../../db/clients.ts'
import { fromVersions, type VersionRow, versionColumns } from '../../db/rows/deployment-version.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export interface WhichVersion {
  readonly deploymentId: string
  readonly id: string
}

/** Throws NotFound. */
export async function readVersion(ctx: Context, which: WhichVersion): Promise<VersionRow> {
  requireScope(ctx, 'see_deployments')
  return readWorkspace(ctx.db, ctx.workspaceId, (sql) => versionById(sql, ctx.workspaceId, which))
}

/** Within a transaction. Throws NotFound. */
export async function versionById(
  sql: Transaction,
  workspaceId: string,
  { deploymentId, id }: WhichVersion,
): Promise<VersionRow> {
  const [row] = await sql<VersionRow[]>`
    select ${versionColumns(sql)} ${fromVersions(sql)}
    where v.workspace_id = ${workspaceId} and v.deployment_id = ${deploymentId} and v.id = ${id}`
  if (!row) throw new NotFound('Deployment version')
  return row
}
