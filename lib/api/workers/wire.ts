import { z } from 'zod'
import type { WorkerRow } from '../../db/rows/worker.ts'
import { workerStatuses } from '../../domain/work/status.ts'

export const workerAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    work_pool_id: z.uuid(),
    last_heartbeat_time: z.iso.datetime().nullable(),
    heartbeat_interval_seconds: z.int().nullable(),
    status: z.enum(workerStatuses),
    client_version: z.string().nullable(),
    metadata_: z.record(z.string(), z.unknown()).nullable(),
    created_by: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'Worker' })

/** JSON text: what a worker says of itself goes through as it was sent. */
export function workerJson(row: WorkerRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    work_pool_id: row.workPoolId,
    last_heartbeat_time: row.lastHeartbeatAt,
    heartbeat_interval_seconds: row.heartbeatIntervalSeconds,
    status: row.status,
    client_version: row.clientVersion,
    created_by: row.createdBy,
  })
  return `${fields.slice(0, -1)},"metadata_":${row.metadata ?? 'null'}}`
}
