import { type ArtifactContent, type ArtifactRow, artifactColumns } from '../../db/rows/artifact.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { requireStorable } from '../storable-json.ts'
import { announceArtifact } from './announce-artifact.ts'
import { collectionEvent } from './collection-event.ts'

export interface NewArtifact extends ArtifactContent {
  readonly key: string | null
}

interface Collected {
  readonly id: string
  readonly key: string
  readonly latestId: string
  readonly createdAt: string
  readonly updatedAt: string
}

/** Keeps an artifact. With a key it becomes the latest of that key; the ones before stay as its history. */
export async function createArtifact(
  ctx: Context,
  engine: Engine,
  artifact: NewArtifact,
): Promise<ArtifactRow> {
  requireScope(ctx, 'write_artifacts')
  requireStorable(artifact.data, 'The data of an artifact')
  const { workspaceId } = ctx
  const { key, type, description, data, metadata, flowRunId, taskRunId } = artifact
  const [id, collectionId] = [uuidv7(), uuidv7()]
  const { row, collection } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [rows, collections] = await Promise.all([
      sql<ArtifactRow[]>`
        insert into artifacts as a (workspace_id, id, key, type, description, data, metadata, flow_run_id, task_run_id)
        values (${workspaceId}, ${id}, ${key}, ${type}, ${description}, ${data}::text::json, ${metadata}::text::json, ${flowRunId}, ${taskRunId})
        returning ${artifactColumns(sql)}`,
      key === null
        ? []
        : // Of two at once the one that waited for the other's row is the later one.
          sql<Collected[]>`
            insert into artifact_collections as c (workspace_id, id, key, latest_id)
            values (${workspaceId}, ${collectionId}, ${key}, ${id})
            on conflict (workspace_id, key) do update set latest_id = excluded.latest_id, updated_at = now()
            returning c.id, c.key, c.latest_id, c.created_at, c.updated_at`,
    ])
    const [made] = rows
    if (!made) throw new Error('insert … returning gave no row')
    return { row: made, collection: collections[0] }
  })
  announceArtifact(ctx, engine, 'created', row)
  if (collection) {
    const happened = collection.id === collectionId ? 'created' : 'updated'
    await recordObjectEvent(ctx, engine, collectionEvent(happened, { ...row, ...collection }))
  }
  return row
}
