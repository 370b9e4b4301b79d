import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

export const workQueueEvent = (
  happened: ObjectEvent['happened'],
  { id, name, workPoolId }: Pick<WorkQueueRow, 'id' | 'name' | 'workPoolId'>,
  payload: RawJson = '{}' as RawJson,
): ObjectEvent => ({
  noun: 'work-queue',
  happened,
  id,
  name,
  labels: { 'prefect.resource.role': 'work-queue' },
  related: { [`prefect.work-pool.${workPoolId}`]: 'work-pool' },
  payload,
})
