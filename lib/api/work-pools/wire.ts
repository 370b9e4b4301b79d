import { z } from 'zod'
import type { SlotHolder } from '../../control/work-pools/read-concurrency.ts'
import type { StorageConfiguration, WorkPoolRow } from '../../db/rows/work-pool.ts'
import { knowsResultStorageOfPools } from '../../domain/orchestration/client-quirks.ts'
import type { ClientView } from '../../domain/orchestration/decide.ts'
import { parseInstant } from '../../domain/time.ts'
import { AGENT_POOL_TYPE, workStatuses } from '../../domain/work/status.ts'
import { creator, stateType } from '../schemas.ts'

const object = z.record(z.string(), z.unknown())

export const workPoolAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    description: z.string().nullable(),
    type: z.string(),
    base_job_template: object,
    is_paused: z.boolean(),
    concurrency_limit: z.int().nullable(),
    status: z.enum(workStatuses).nullable(),
    default_queue_id: z.uuid(),
    storage_configuration: z.object({
      bundle_upload_step: object.nullable(),
      bundle_execution_step: object.nullable(),
      default_result_storage_block_id: z.uuid().nullable().optional(),
    }),
    active_slots: z.int().nullable(),
    is_push_pool: z.boolean(),
    is_mex_pool: z.boolean(),
    last_polled: z.iso.datetime().nullable(),
    created_by: creator.nullable(),
    updated_by: creator.nullable(),
  })
  .meta({ id: 'WorkPool' })

export interface PoolView {
  readonly client: ClientView
  /** Lists may leave the templates out, which can be large. */
  readonly withTemplate?: boolean
}

/** JSON text: the template goes through as it was sent. */
export function workPoolJson(row: WorkPoolRow, { client, withTemplate = true }: PoolView): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    description: row.description,
    type: row.type,
    is_paused: row.isPaused,
    concurrency_limit: row.concurrencyLimit,
    status: row.type === AGENT_POOL_TYPE ? null : row.status,
    default_queue_id: row.defaultQueueId,
    storage_configuration: storageJson(row.storageConfiguration, client),
    active_slots: row.concurrencyLimit === null ? null : row.activeSlots,
    is_push_pool: row.type.endsWith(':push'),
    is_mex_pool: false,
    last_polled: row.lastPolledAt,
    created_by: row.createdBy,
    updated_by: row.updatedBy,
  })
  return `${fields.slice(0, -1)},"base_job_template":${withTemplate ? row.baseJobTemplate : '{}'}}`
}

function storageJson(storage: StorageConfiguration, client: ClientView) {
  const steps = {
    bundle_upload_step: storage.bundle_upload_step ?? null,
    bundle_execution_step: storage.bundle_execution_step ?? null,
  }
  return knowsResultStorageOfPools(client)
    ? { ...steps, default_result_storage_block_id: storage.default_result_storage_block_id ?? null }
    : steps
}

export const slotAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state_type: stateType.nullable(),
    state_name: z.string().nullable(),
    start_time: z.iso.datetime().nullable(),
    state_timestamp: z.iso.datetime().nullable(),
    time_in_current_state: z.number().nullable(),
  })
  .meta({ id: 'FlowRunSlot' })

/** A run that takes a slot, as the wire has it; times in seconds. */
export const slotOf = (holder: SlotHolder, nowMicros: number): z.input<typeof slotAnswer> => {
  const since = holder.stateAt === null ? undefined : parseInstant(holder.stateAt)
  return {
    id: holder.id,
    name: holder.name,
    state_type: holder.stateType,
    state_name: holder.stateName,
    start_time: holder.startAt,
    state_timestamp: holder.stateAt,
    time_in_current_state: since === undefined ? null : Math.max(0, nowMicros - since) / 1e6,
  }
}

export const poolConcurrencyAnswer = z
  .object({
    active_slots: z.int(),
    concurrency_limit: z.int().nullable(),
    queues: z.array(
      z.object({
        queue_id: z.uuid(),
        queue_name: z.string(),
        active_slots: z.int(),
        concurrency_limit: z.int().nullable(),
        flow_runs: z.array(slotAnswer),
        flow_run_count: z.int(),
      }),
    ),
    pool_slots: z.array(slotAnswer),
    count: z.int(),
    limit: z.int(),
    pages: z.int(),
    page: z.int(),
  })
  .meta({ id: 'WorkPoolConcurrency' })
