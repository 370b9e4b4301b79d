import type { Transaction } from '../../db/clients.ts'
import { type ArtifactCollectionRow, artifactCollectionColumns } from '../../db/rows/artifact.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { type ObjectEvent, recordObjectEvent } from '../events/record-object-event.ts'
import { announceArtifact } from './announce-artifact.ts'
import { collectionEvent } from './collection-event.ts'

/** Deletes an artifact. Where it was the latest of its key, the one before is so again; with the last one the key goes. Throws NotFound. */
export async function deleteArtifact(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_artifacts')
  const { workspaceId } = ctx
  const { flowRunId, event } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [artifact] = await sql<{ key: string | null; flowRunId: string | null }[]>`
      select key, flow_run_id from artifacts where workspace_id = ${workspaceId} and id = ${id}`
    if (!artifact) throw new NotFound('Artifact')
    const told = artifact.key === null ? null : await stepDown(sql, workspaceId, artifact.key, id)
    const deleted = await sql`delete from artifacts where workspace_id = ${workspaceId} and id = ${id}`
    if (deleted.count === 0) throw new NotFound('Artifact')
    return { flowRunId: artifact.flowRunId, event: told }
  })
  announceArtifact(ctx, engine, 'deleted', { id, flowRunId })
  if (event) await recordObjectEvent(ctx, engine, event)
}

/** Lets the artifact before this one be the latest of the key, if this one is. Answers what became of the collection. */
async function stepDown(
  sql: Transaction,
  workspaceId: string,
  key: string,
  id: string,
): Promise<ObjectEvent | null> {
  // Held until the end: nobody else makes or deletes the latest of this key meanwhile.
  const [held] = await sql<{ latestId: string }[]>`
    select latest_id from artifact_collections where workspace_id = ${workspaceId} and key = ${key} for update`
  if (held?.latestId !== id) return null
  const stepped = await sql`
    update artifact_collections c set latest_id = before.id, updated_at = now()
    from (
      select a.id from artifacts a where a.workspace_id = ${workspaceId} and a.key = ${key} and a.id <> ${id}
      order by a.created_at desc, a.id desc limit 1
    ) before
    where c.workspace_id = ${workspaceId} and c.key = ${key}`
  // With no artifact before it, the row still shows this one; it goes with it.
  const [collection] = await sql<ArtifactCollectionRow[]>`
    select ${artifactCollectionColumns(sql)} from artifact_collections c
    join artifacts a on a.workspace_id = c.workspace_id and a.id = c.latest_id
    where c.workspace_id = ${workspaceId} and c.key = ${key}`
  return collection ? collectionEvent(stepped.count > 0 ? 'updated' : 'deleted', collection) : null
}
