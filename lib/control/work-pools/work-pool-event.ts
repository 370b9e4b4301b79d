import type { WorkPoolRow } from '../../db/rows/work-pool.ts'
import type { RawJson } from '../../domain/state.ts'
import { AGENT_POOL_TYPE, happenedOf } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { type ObjectEvent, recordObjectEvent } from '../events/record-object-event.ts'

type PoolOfEvent = Pick<WorkPoolRow, 'id' | 'name' | 'type'>

/** Larger templates are told of without what they hold, since events end at 1.5 MB. */
const MAX_VALUE_CHARACTERS = 100_000

export function workPoolEvent(
  happened: ObjectEvent['happened'],
  pool: PoolOfEvent & Pick<WorkPoolRow, 'defaultQueueId' | 'storageConfiguration'>,
  payload: RawJson = '{}' as RawJson,
): ObjectEvent {
  const results = pool.storageConfiguration.default_result_storage_block_id
  return {
    noun: 'work-pool',
    happened,
    id: pool.id,
    name: pool.name,
    labels: { 'prefect.work-pool.type': pool.type },
    related: {
      [`prefect.work-queue.${pool.defaultQueueId}`]: 'default-queue',
      ...(results ? { [`prefect.block-document.${results}`]: 'result-storage' } : {}),
    },
    payload,
  }
}

/** A status event follows the one before it when that is at most ten minutes old. */
const FOLLOWS_WITHIN_MICROS = 600 * 1_000_000

export interface PoolStatusChange extends PoolOfEvent {
  readonly status: WorkPoolRow['status']
  /** The event that tells of this status, as it is stored in the pool. */
  readonly eventId: string
  readonly previousEventId: string | null
  /** Microseconds since 1970. */
  readonly previousAtMicros: number
}

export async function recordPoolStatus(
  ctx: Pick<Context, 'workspaceId' | 'nowMicros'>,
  engine: Engine,
  { id, name, type, status, eventId, previousEventId, previousAtMicros }: PoolStatusChange,
): Promise<void> {
  if (type === AGENT_POOL_TYPE) {
    announcePool(ctx.workspaceId, engine, id)
    return
  }
  const isClose = ctx.nowMicros() - previousAtMicros < FOLLOWS_WITHIN_MICROS
  await recordObjectEvent(ctx, engine, {
    noun: 'work-pool',
    happened: happenedOf[status],
    id,
    name,
    labels: { 'prefect.work-pool.type': type },
    payload: '{}' as RawJson,
    follows: isClose ? previousEventId : null,
    eventId,
  })
}

/** For changes that no event tells of. */
export const announcePool = (workspaceId: string, engine: Engine, id: string): void =>
  engine.announce(workspaceId, [{ kind: 'object', noun: 'work-pool', id, happened: 'updated' }])

/** What an update changed, as its event tells it; null: nothing that is told of. Values are JSON texts. */
export function changedFields(
  changes: Readonly<Record<string, readonly [from: string, to: string]>>,
): RawJson | null {
  const changed = Object.entries(changes).filter(([, [from, to]]) => from !== to)
  if (changed.length === 0) return null
  const shown = (json: string): string => (json.length > MAX_VALUE_CHARACTERS ? 'null' : json)
  const updates = changed.map(
    ([field, [from, to]]) => `${JSON.stringify(field)}:{"from":${shown(from)},"to":${shown(to)}}`,
  )
  // Safe: joined of JSON texts.
  return `{"updated_fields":${JSON.stringify(changed.map(([field]) => field))},"updates":{${updates.join(',')}}}` as RawJson
}
