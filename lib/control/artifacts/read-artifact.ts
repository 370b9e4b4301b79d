import { type ArtifactRow, artifactColumns } from '../../db/rows/artifact.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** By id, or the latest of a key. Throws NotFound. */
export async function readArtifact(
  ctx: Context,
  which: { readonly id: string } | { readonly latestOf: string },
): Promise<ArtifactRow> {
  requireScope(ctx, 'see_artifacts')
  const { workspaceId } = ctx
  const [row] = await readWorkspace(ctx.db, workspaceId, (sql) =>
    'id' in which
      ? sql<ArtifactRow[]>`
          select ${artifactColumns(sql)} from artifacts a where a.workspace_id = ${workspaceId} and a.id = ${which.id}`
      : sql<ArtifactRow[]>`
          select ${artifactColumns(sql)} from artifact_collections c
          join artifacts a on a.workspace_id = c.workspace_id and a.id = c.latest_id
          where c.workspace_id = ${workspaceId} and c.key = ${which.latestOf}`,
  )
  if (!row) throw new NotFound('Artifact')
  return row
}
