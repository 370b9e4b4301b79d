import type { VersionRow } from '../../db/rows/deployment-version.ts'
import { readWorkspace } from '../../db/scope.ts'
import { parseLossless } from '../../domain/lossless-json.ts'
import { type Difference, diffJson } from '../../domain/versions/diff-json.ts'
import { type Context, requireScope } from '../context.ts'
import { versionById } from './read-version.ts'

export interface VersionDiff {
  readonly from: VersionRow
  readonly to: VersionRow
  readonly differences: readonly Difference[]
}

/** What differs between any two versions of a deployment. Throws NotFound. */
export async function diffVersions(
  ctx: Context,
  deploymentId: string,
  ids: { readonly from: string; readonly to: string },
): Promise<VersionDiff> {
  requireScope(ctx, 'see_deployments')
  const [from, to] = await readWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    Promise.all([
      versionById(sql, ctx.workspaceId, { deploymentId, id: ids.from }),
      versionById(sql, ctx.workspaceId, { deploymentId, id: ids.to }),
    ]),
  )
  return { from, to, differences: diffJson(parseLossless(from.snapshot), parseLossless(to.snapshot)) }
}
