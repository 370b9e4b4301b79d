import { z } from 'zod'
import type { DeploymentRow, LimitOfDeployment, ScheduleRow } from '../../db/rows/deployment.ts'
import { catchesUp, catchUpPolicies } from '../../domain/schedules/catch-up.ts'
import { creator } from '../schemas.ts'

const when = z.iso.datetime()
const object = z.record(z.string(), z.unknown())

export const scheduleValue = z
  .looseObject({
    interval: z.union([z.number(), z.string().max(100)]).nullish(),
    anchor_date: z.string().max(100).nullish(),
    cron: z.string().max(10_000).nullish(),
    day_or: z.boolean().nullish(),
    rrule: z.string().max(10_000).nullish(),
    timezone: z.string().max(200).nullish(),
  })
  .meta({ id: 'Schedule' })

export const catchUp = z
  .object({ kind: z.enum(catchUpPolicies), count: z.int().min(1).max(1_000).nullish() })
  .meta({ id: 'CatchUp' })

export const scheduleAnswer = z
  .object({
    id: z.uuid(),
    created: when,
    updated: when,
    deployment_id: z.uuid(),
    schedule: scheduleValue,
    active: z.boolean(),
    max_active_runs: z.int().nullable(),
    max_scheduled_runs: z.int().nullable(),
    catchup: z.boolean(),
    catch_up: catchUp,
    parameters: object,
    slug: z.string().nullable(),
  })
  .meta({ id: 'DeploymentSchedule' })

export const deploymentAnswer = z
  .object({
    id: z.uuid(),
    created: when,
    updated: when,
    name: z.string(),
    flow_id: z.uuid(),
    flow_name: z.string(),
    version: z.string().nullable(),
    version_id: z.uuid().nullable(),
    version_info: object.nullable(),
    branch: z.string().nullable(),
    base: z.uuid().nullable(),
    root: z.uuid().nullable(),
    description: z.string().nullable(),
    paused: z.boolean(),
    disabled: z.boolean(),
    is_schedule_active: z.boolean(),
    schedule: scheduleValue.nullable(),
    schedules: z.array(scheduleAnswer),
    concurrency_limit: z.int().nullable(),
    global_concurrency_limit: z
      .object({
        id: z.uuid(),
        created: when,
        updated: when,
        name: z.string(),
        limit: z.int(),
        active: z.boolean(),
        active_slots: z.int(),
        slot_decay_per_second: z.number(),
      })
      .nullable(),
    concurrency_options: object.nullable(),
    parameters: object,
    parameter_openapi_schema: object.nullable(),
    enforce_parameter_schema: z.boolean(),
    job_variables: object,
    infra_overrides: object,
    pull_steps: z.array(object).nullable(),
    tags: z.array(z.string()),
    labels: object,
    entrypoint: z.string().nullable(),
    path: z.string().nullable(),
    manifest_path: z.string().nullable(),
    storage_document_id: z.uuid().nullable(),
    infrastructure_document_id: z.uuid().nullable(),
    work_queue_id: z.uuid().nullable(),
    work_queue_name: z.string().nullable(),
    work_pool_name: z.string().nullable(),
    last_polled: when.nullable(),
    status: z.enum(['READY', 'NOT_READY']),
    created_by: creator.nullable(),
    updated_by: creator.nullable(),
  })
  .meta({ id: 'Deployment' })

/** JSON text: parameters, schema, variables and steps go through as they were sent. */
export function deploymentJson(row: DeploymentRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    flow_id: row.flowId,
    flow_name: row.flowName,
    version: row.version,
    version_id: row.versionId,
    version_info: row.versionInfo,
    branch: row.branch,
    base: row.base,
    root: row.root,
    description: row.description,
    paused: row.paused,
    disabled: row.disabled,
    is_schedule_active: !row.paused,
    schedule: row.schedules[0]?.schedule ?? null,
    // What others call so is deprecated, and null there too; the limit is an object.
    concurrency_limit: null,
    global_concurrency_limit: row.limit && wireLimit(row.limit),
    concurrency_options: row.concurrencyOptions,
    enforce_parameter_schema: row.enforceParameterSchema,
    tags: row.tags,
    labels: row.labels,
    entrypoint: row.entrypoint,
    path: row.path,
    manifest_path: row.manifestPath,
    storage_document_id: row.storageDocumentId,
    infrastructure_document_id: row.infrastructureDocumentId,
    work_queue_id: row.workQueueId,
    work_queue_name: row.workQueueName,
    work_pool_name: row.workPoolName,
    last_polled: row.lastPolledAt,
    status: row.status,
    created_by: row.createdBy,
    updated_by: row.updatedBy,
  })
  const raw = [
    `"schedules":[${row.schedules.map(scheduleJson).join(',')}]`,
    `"parameters":${row.parameters}`,
    `"parameter_openapi_schema":${row.parameterOpenapiSchema ?? 'null'}`,
    `"job_variables":${row.jobVariables}`,
    `"infra_overrides":${row.jobVariables}`,
    `"pull_steps":${row.pullSteps ?? 'null'}`,
  ]
  return `${fields.slice(0, -1)},${raw.join(',')}}`
}

export function scheduleJson(row: ScheduleRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: utc(row.createdAt),
    updated: utc(row.updatedAt),
    deployment_id: row.deploymentId,
    schedule: row.schedule,
    active: row.active,
    max_active_runs: null,
    max_scheduled_runs: row.maxScheduledRuns,
    catchup: catchesUp(row.catchUp),
    catch_up: row.catchUp,
    slug: row.slug,
  })
  return `${fields.slice(0, -1)},"parameters":${row.parameters}}`
}

const wireLimit = (limit: LimitOfDeployment) => ({
  id: limit.id,
  created: utc(limit.createdAt),
  updated: utc(limit.updatedAt),
  name: limit.name,
  limit: limit.limit,
  active: limit.active,
  active_slots: limit.activeSlots,
  slot_decay_per_second: limit.slotDecayPerSecond,
})

/** Instants within an object come as the database writes them in JSON. */
const utc = (instant: string): string => instant.replace('+00:00', 'Z')
