import type { VariableRow } from '../../db/rows/variable.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

export const variableEvent = (
  happened: ObjectEvent['happened'],
  { id, name, value, tags }: VariableRow,
): ObjectEvent => ({
  noun: 'variable',
  happened,
  id,
  name,
  // Safe: joined of JSON texts.
  payload: `{"name":${JSON.stringify(name)},"value":${value},"tags":${JSON.stringify(tags)}}` as RawJson,
})
