import type { FlowRow } from '../../db/rows/flow.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

export const flowEvent = (
  happened: 'created' | 'updated' | 'deleted',
  { id, name, tags, labels }: FlowRow,
): ObjectEvent => ({
  noun: 'flow',
  happened,
  id,
  name,
  // Safe: an object was just written.
  payload: JSON.stringify({ name, tags, labels }) as RawJson,
})
