import type { ArtifactCollectionRow } from '../../db/rows/artifact.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

/** Events end at 1.5 MB. What is larger tells everything but the data, which may be read from the artifact. */
const MAX_DATA_CHARACTERS = 400_000

export function collectionEvent(
  happened: ObjectEvent['happened'],
  collection: ArtifactCollectionRow,
): ObjectEvent {
  const { id, key, latestId, flowRunId, taskRunId, type } = collection
  const data = (collection.data?.length ?? 0) > MAX_DATA_CHARACTERS ? null : collection.data
  const description = collection.description?.slice(0, MAX_DATA_CHARACTERS / 4) ?? null
  return {
    noun: 'artifact-collection',
    happened,
    id,
    name: key,
    related: {
      [`prefect.artifact.${latestId}`]: 'latest',
      ...(flowRunId ? { [`prefect.flow-run.${flowRunId}`]: 'flow-run' } : {}),
      ...(taskRunId ? { [`prefect.task-run.${taskRunId}`]: 'task-run' } : {}),
    },
    // Safe: joined of JSON texts.
    payload:
      `{"key":${JSON.stringify(key)},"type":${JSON.stringify(type)},"data":${data ?? 'null'},"description":${JSON.stringify(description)}}` as RawJson,
  }
}
