import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'
import type { VersionInfo } from './deployment.ts'
import type { Creator } from './work-pool.ts'

/** What a deployment was at one time. */
export interface VersionRow {
  readonly id: string
  readonly deploymentId: string
  /** 1, 2, 3 … within the deployment. */
  readonly number: number
  readonly version: string | null
  readonly versionInfo: VersionInfo
  /** The versioned columns by their names, each value as it was written. */
  readonly snapshot: RawJson
  readonly workQueueName: string | null
  readonly workPoolName: string | null
  /** Whether the deployment shows this one. */
  readonly isCurrent: boolean
  readonly createdBy: Creator | null
  readonly createdAt: string
}

/** Where a version came from. One that was not told is known by its version, or by its number. `v` is deployment_versions. */
export const versionInfo = (sql: Queryable) => sql`
  coalesce(v.version_info, jsonb_build_object('type', 'prefect:simple', 'version', coalesce(v.version, v.number::text)))`

/** For `select ${versionColumns(sql)} ${fromVersions(sql)} where v.workspace_id = …`. */
export const versionColumns = (sql: Queryable) => sql`
  v.id, v.deployment_id, v.number, v.version, ${versionInfo(sql)} as version_info, v.snapshot, q.name as work_queue_name, p.name as work_pool_name,
  v.id = d.version_id as is_current, v.created_by, v.created_at`

export const fromVersions = (sql: Queryable) => sql`
  from deployment_versions v
  join deployments d on d.workspace_id = v.workspace_id and d.id = v.deployment_id
  left join work_queues q on q.workspace_id = v.workspace_id and q.id = (v.snapshot ->> 'work_queue_id')::uuid
  left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id`
