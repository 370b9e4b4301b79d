import type { RawJson } from '../../domain/state.ts'
import type { WorkerStatus } from '../../domain/work/status.ts'
import type { Queryable } from '../clients.ts'
import type { Creator } from './work-pool.ts'

export interface WorkerRow {
  readonly id: string
  readonly workPoolId: string
  readonly name: string
  readonly heartbeatIntervalSeconds: number | null
  readonly lastHeartbeatAt: string | null
  readonly status: WorkerStatus
  readonly clientVersion: string | null
  readonly metadata: RawJson | null
  readonly createdBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of WorkerRow; `w` is workers. */
export const workerColumns = (sql: Queryable) => sql`
  w.id, w.work_pool_id, w.name, w.heartbeat_interval_seconds, w.last_heartbeat_at, w.status, w.client_version, w.metadata,
  w.created_by, w.created_at, w.updated_at`
