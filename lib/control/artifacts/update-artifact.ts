import { type ArtifactContent, type ArtifactRow, artifactColumns } from '../../db/rows/artifact.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { requireStorable } from '../storable-json.ts'
import { announceArtifact } from './announce-artifact.ts'
import { collectionEvent } from './collection-event.ts'

/** Absent members are left as they are; null is a value. */
export type ArtifactChanges = Partial<Pick<ArtifactContent, 'data' | 'description' | 'metadata'>>

interface CollectionOfLatest {
  readonly id: string
  readonly createdAt: string
}

/** Throws NotFound. */
export async function updateArtifact(
  ctx: Context,
  engine: Engine,
  id: string,
  { data, description, metadata }: ArtifactChanges,
): Promise<void> {
  requireScope(ctx, 'write_artifacts')
  requireStorable(data, 'The data of an artifact')
  const { workspaceId } = ctx
  const { row, collection } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    // The collection before the artifact, as a deletion takes them, so that neither waits for the other in a circle.
    const [[its], [changed]] = await Promise.all([
      sql<CollectionOfLatest[]>`
        update artifact_collections set updated_at = now() where workspace_id = ${workspaceId} and latest_id = ${id}
        returning id, created_at`,
      sql<ArtifactRow[]>`
        update artifacts a set updated_at = now()
          ${data === undefined ? sql`` : sql`, data = ${data}::text::json`}
          ${description === undefined ? sql`` : sql`, description = ${description}`}
          ${metadata === undefined ? sql`` : sql`, metadata = ${metadata}::text::json`}
        where a.workspace_id = ${workspaceId} and a.id = ${id} returning ${artifactColumns(sql)}`,
    ])
    if (!changed) throw new NotFound('Artifact')
    return { row: changed, collection: its }
  })
  announceArtifact(ctx, engine, 'updated', row)
  if (collection && row.key !== null) {
    const { key, updatedAt, ...content } = row
    await recordObjectEvent(
      ctx,
      engine,
      collectionEvent('updated', { ...content, ...collection, key, latestId: id, updatedAt }),
    )
  }
}
