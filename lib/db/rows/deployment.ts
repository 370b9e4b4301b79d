import type { CatchUpPolicy } from '../../domain/schedules/catch-up.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'
import type { Creator } from './work-pool.ts'

/** `{interval, anchor_date, timezone}`, `{cron, timezone, day_or}` or `{rrule, timezone}`, as the wire has it. */
export type StoredSchedule = Readonly<Record<string, unknown>>

export interface ScheduleRow {
  readonly id: string
  readonly deploymentId: string
  readonly slug: string | null
  readonly schedule: StoredSchedule
  readonly active: boolean
  readonly parameters: RawJson
  readonly maxScheduledRuns: number | null
  readonly catchUp: CatchUpPolicy
  /** What a deploy that asked to catch up put it in the place of. */
  readonly catchUpOver: CatchUpPolicy | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The limit that a deployment's runs take their slots of: its own, named `deployment:{id}`, or a shared one. */
export interface LimitOfDeployment {
  readonly id: string
  readonly name: string
  readonly limit: number
  readonly active: boolean
  readonly activeSlots: number
  readonly slotDecayPerSecond: number
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ConcurrencyOptions {
  readonly collision_strategy: 'ENQUEUE' | 'CANCEL_NEW'
  readonly grace_period_seconds?: number | null
}

export interface VersionInfo {
  readonly type: string
  readonly version: string
  readonly [other: string]: unknown
}

export type DeploymentStatus = 'READY' | 'NOT_READY'

/** A deployment as it is stored. Instants are text; `json` columns are raw JSON text. */
export interface DeploymentRow {
  readonly id: string
  readonly flowId: string
  readonly flowName: string
  readonly name: string
  readonly version: string | null
  readonly versionId: string | null
  readonly versionInfo: VersionInfo | null
  readonly branch: string | null
  readonly base: string | null
  readonly root: string | null
  readonly description: string | null
  readonly paused: boolean
  readonly disabled: boolean
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly parameters: RawJson
  readonly parameterOpenapiSchema: RawJson | null
  readonly enforceParameterSchema: boolean
  readonly entrypoint: string | null
  readonly path: string | null
  readonly manifestPath: string | null
  readonly pullSteps: RawJson | null
  readonly storageDocumentId: string | null
  readonly infrastructureDocumentId: string | null
  readonly jobVariables: RawJson
  readonly workQueueId: string | null
  readonly workQueueName: string | null
  readonly workPoolId: string | null
  readonly workPoolName: string | null
  readonly concurrencyOptions: ConcurrencyOptions | null
  readonly limit: LimitOfDeployment | null
  readonly status: DeploymentStatus
  readonly lastPolledAt: string | null
  readonly schedules: readonly ScheduleRow[]
  readonly createdBy: Creator | null
  readonly updatedBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of DeploymentRow, for `select ${deploymentColumns(sql)} ${fromDeployments(sql)} where …`; `d` is deployments. */
export const deploymentColumns = (sql: Queryable) => sql`
  d.id, d.flow_id, f.name as flow_name, d.name, d.version, d.version_id, d.version_info, d.branch, d.base, d.root, d.description,
  d.paused, d.disabled, d.tags, d.labels, d.parameters, d.parameter_openapi_schema, d.enforce_parameter_schema, d.entrypoint,
  d.path, d.manifest_path, d.pull_steps, d.storage_document_id, d.infrastructure_document_id, d.job_variables,
  d.work_queue_id, q.name as work_queue_name, p.id as work_pool_id, p.name as work_pool_name, d.concurrency_options, d.status,
  greatest(d.last_polled_at, q.last_polled_at) as last_polled_at, d.created_by, d.updated_by, d.created_at, d.updated_at,
  (select jsonb_build_object(
      'id', c.id, 'name', c.name, 'limit', c.slot_limit, 'active', c.active, 'slotDecayPerSecond', c.slot_decay_per_second,
      'createdAt', c.created_at, 'updatedAt', c.updated_at,
      'activeSlots', (
        select coalesce(sum(l.slots), 0) from slot_leases l
        where l.workspace_id = c.workspace_id and l.limit_id = c.id and (l.expires_at is null or l.expires_at > now())))
    from concurrency_limits c where c.workspace_id = d.workspace_id and c.id = d.concurrency_limit_id) as "limit",
  (select coalesce(jsonb_agg(${scheduleObject(sql)} order by s.created_at, s.id), '[]')
    from deployment_schedules s where s.workspace_id = d.workspace_id and s.deployment_id = d.id) as schedules`

/** `s` is deployment_schedules. Parameters travel as text, so that numbers of any size survive. */
export const scheduleObject = (sql: Queryable) => sql`
  jsonb_build_object(
    'id', s.id, 'deploymentId', s.deployment_id, 'slug', s.slug, 'schedule', s.schedule, 'active', s.active,
    'parameters', s.parameters::text, 'maxScheduledRuns', s.max_scheduled_runs, 'catchUp', s.catch_up - 'over',
    'catchUpOver', s.catch_up -> 'over',
    'createdAt', s.created_at, 'updatedAt', s.updated_at)`

export const fromDeployments = (sql: Queryable) => sql`
  from deployments d
  join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
  left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
  left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id`
