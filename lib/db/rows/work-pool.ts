import type { RawJson } from '../../domain/state.ts'
import type { WorkStatus } from '../../domain/work/status.ts'
import type { Queryable } from '../clients.ts'

/** Where a pool's runs keep their results and their code, as the wire has it. */
export interface StorageConfiguration {
  readonly bundle_upload_step?: Readonly<Record<string, unknown>> | null
  readonly bundle_execution_step?: Readonly<Record<string, unknown>> | null
  readonly default_result_storage_block_id?: string | null
}

/** Who made an object, as the wire has it. */
export interface Creator {
  readonly id: string | null
  readonly type: string
  readonly display_value: string | null
}

export interface WorkPoolRow {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly type: string
  readonly baseJobTemplate: RawJson
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  readonly storageConfiguration: StorageConfiguration
  readonly defaultQueueId: string
  readonly status: WorkStatus
  readonly statusChangedAt: string
  readonly statusEventId: string | null
  readonly lastPolledAt: string | null
  readonly createdBy: Creator | null
  readonly updatedBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
  /** Runs that take a slot now: pending, running, cancelling. */
  readonly activeSlots: number
}

/** The columns of WorkPoolRow; `p` is work_pools. */
export const workPoolColumns = (sql: Queryable) => sql`
  p.id, p.name, p.description, p.type, p.base_job_template, p.is_paused, p.concurrency_limit, p.storage_configuration,
  p.default_queue_id, p.status, p.status_changed_at, p.status_event_id, p.last_polled_at, p.created_by, p.updated_by, p.created_at,
  p.updated_at,
  (select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) as active_slots`
