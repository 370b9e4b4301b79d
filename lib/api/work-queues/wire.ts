import { z } from 'zod'
import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { workStatuses } from '../../domain/work/status.ts'
import { creator } from '../schemas.ts'
import { slotAnswer } from '../work-pools/wire.ts'

export const workQueueAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    description: z.string(),
    is_paused: z.boolean(),
    concurrency_limit: z.int().nullable(),
    priority: z.int(),
    work_pool_id: z.uuid(),
    work_pool_name: z.string(),
    filter: z
      .object({ tags: z.array(z.string()).nullish(), deployment_ids: z.array(z.uuid()).nullish() })
      .nullable(),
    last_polled: z.iso.datetime().nullable(),
    status: z.enum(workStatuses),
    active_slots: z.int().nullable(),
    created_by: creator.nullable(),
    updated_by: creator.nullable(),
  })
  .meta({ id: 'WorkQueue' })

/** JSON text. */
export function workQueueJson(row: WorkQueueRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    description: row.description,
    is_paused: row.isPaused,
    concurrency_limit: row.concurrencyLimit,
    priority: row.priority,
    work_pool_id: row.workPoolId,
    work_pool_name: row.workPoolName,
    last_polled: row.lastPolledAt,
    status: row.status,
    active_slots: row.concurrencyLimit === null ? null : row.activeSlots,
    created_by: row.createdBy,
    updated_by: row.updatedBy,
  })
  return `${fields.slice(0, -1)},"filter":${row.filter ?? 'null'}}`
}

export const queueConcurrencyAnswer = z
  .object({
    active_slots: z.int(),
    concurrency_limit: z.int().nullable(),
    flow_runs: z.array(slotAnswer),
    count: z.int(),
    limit: z.int(),
    pages: z.int(),
    page: z.int(),
  })
  .meta({ id: 'WorkQueueConcurrency' })

export const queueHealthAnswer = z
  .object({
    healthy: z.boolean(),
    late_runs_count: z.int(),
    last_polled: z.iso.datetime().nullable(),
    health_check_policy: z.object({
      maximum_late_runs: z.int(),
      maximum_seconds_since_last_polled: z.int(),
    }),
  })
  .meta({ id: 'WorkQueueHealth' })
