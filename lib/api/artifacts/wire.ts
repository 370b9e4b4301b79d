import { z } from 'zod'
import type { ArtifactCollectionRow, ArtifactContent, ArtifactRow } from '../../db/rows/artifact.ts'

const content = {
  id: z.uuid(),
  created: z.iso.datetime(),
  updated: z.iso.datetime(),
  type: z.string().nullable(),
  description: z.string().nullable(),
  data: z.unknown(),
  metadata_: z.record(z.string(), z.string()).nullable(),
  flow_run_id: z.uuid().nullable(),
  task_run_id: z.uuid().nullable(),
}

export const artifactAnswer = z.object({ ...content, key: z.string().nullable() }).meta({ id: 'Artifact' })

export const artifactCollectionAnswer = z
  .object({ ...content, key: z.string(), latest_id: z.uuid() })
  .meta({ id: 'ArtifactCollection' })

/** JSON text: the data goes through as it was sent. */
function contentJson(
  row: ArtifactContent & {
    readonly id: string
    readonly key: string | null
    readonly createdAt: string
    readonly updatedAt: string
  },
  more: object = {},
): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    key: row.key,
    ...more,
    type: row.type,
    description: row.description,
    flow_run_id: row.flowRunId,
    task_run_id: row.taskRunId,
  })
  return `${fields.slice(0, -1)},"metadata_":${row.metadata ?? 'null'},"data":${row.data ?? 'null'}}`
}

export const artifactJson = (row: ArtifactRow): string => contentJson(row)

export const artifactCollectionJson = (row: ArtifactCollectionRow): string =>
  contentJson(row, { latest_id: row.latestId })
