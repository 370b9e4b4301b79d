import type { RawJson } from '../../domain/state.ts'
import type { WorkStatus } from '../../domain/work/status.ts'
import type { Queryable } from '../clients.ts'
import type { Creator } from './work-pool.ts'

export interface WorkQueueRow {
  readonly id: string
  readonly workPoolId: string
  readonly workPoolName: string
  readonly name: string
  readonly description: string
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  readonly priority: number
  readonly filter: RawJson | null
  readonly status: WorkStatus
  readonly lastPolledAt: string | null
  readonly createdBy: Creator | null
  readonly updatedBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
  /** Runs that take a slot now: pending, running, cancelling. */
  readonly activeSlots: number
}

/** The columns of WorkQueueRow; `q` is work_queues, `p` the work_pools that it belongs to. */
export const workQueueColumns = (sql: Queryable) => sql`
  q.id, q.work_pool_id, p.name as work_pool_name, q.name, q.description, q.is_paused, q.concurrency_limit, q.priority, q.filter,
  q.status, q.last_polled_at, q.created_by, q.updated_by, q.created_at, q.updated_at,
  (select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) as active_slots`
