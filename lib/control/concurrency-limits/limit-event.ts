import type { ConcurrencyLimitRow } from '../../db/rows/concurrency-limit.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'
import { tagOf } from './tag-limits.ts'

/** A limit on a tag is told of by its tag, as clients made it. */
export function limitEvent(
  happened: ObjectEvent['happened'],
  { id, name, slotLimit, active, slotDecayPerSecond }: ConcurrencyLimitRow,
): ObjectEvent {
  const tag = tagOf(name)
  const payload =
    tag === null
      ? { name, limit: slotLimit, active, slot_decay_per_second: slotDecayPerSecond }
      : { tag, concurrency_limit: slotLimit }
  return {
    noun: 'concurrency-limit',
    happened,
    id,
    name: tag ?? name,
    payload: JSON.stringify(payload) as RawJson,
  }
}
