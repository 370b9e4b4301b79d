import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'

/** What an artifact says, and what its collection says while it is the latest of its key. */
export interface ArtifactContent {
  readonly type: string | null
  readonly description: string | null
  readonly data: RawJson | null
  readonly metadata: RawJson | null
  readonly flowRunId: string | null
  readonly taskRunId: string | null
}

export interface ArtifactRow extends ArtifactContent {
  readonly id: string
  readonly key: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of ArtifactRow; `a` is artifacts. */
export const artifactColumns = (sql: Queryable) => sql`
  a.id, a.key, a.type, a.description, a.data, a.metadata, a.flow_run_id, a.task_run_id, a.created_at, a.updated_at`

/** All artifacts of one key, shown by the latest. */
export interface ArtifactCollectionRow extends ArtifactContent {
  readonly id: string
  readonly key: string
  readonly latestId: string
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of ArtifactCollectionRow; `c` is artifact_collections and `a` the latest artifact of each. */
export const artifactCollectionColumns = (sql: Queryable) => sql`
  c.id, c.key, c.latest_id, a.type, a.description, a.data, a.metadata, a.flow_run_id, a.task_run_id, c.created_at, c.updated_at`
