import { z } from 'zod'
import { stateType } from '../schemas.ts'

/** Shapes of answers about runs, for the document. Instants are RFC 3339 in UTC with microseconds; durations are seconds. */

const when = z.iso.datetime()
const id = z.uuid()

export const stateAnswer = z
  .object({
    id,
    type: stateType,
    name: z.string().nullable(),
    timestamp: when,
    message: z.string().nullable(),
    state_details: z.record(z.string(), z.unknown()),
    data: z.unknown().nullable(),
  })
  .meta({ id: 'State' })

const runTimes = {
  run_count: z.number().int(),
  expected_start_time: when.nullable(),
  next_scheduled_start_time: when.nullable(),
  start_time: when.nullable(),
  end_time: when.nullable(),
  total_run_time: z.number(),
  estimated_run_time: z.number(),
  estimated_start_time_delta: z.number(),
}

const currentState = {
  state_id: id.nullable(),
  state_type: stateType.nullable(),
  state_name: z.string().nullable(),
  state: stateAnswer.nullable(),
}

export const flowRunAnswer = z
  .object({
    id,
    created: when,
    updated: when,
    name: z.string(),
    flow_id: id,
    flow_name: z.string().nullable(),
    flow_version: z.string().nullable(),
    ...currentState,
    deployment_id: id.nullable(),
    deployment_version: z.string().nullable(),
    deployment_version_id: id.nullable(),
    deployment_version_info: z.record(z.string(), z.unknown()).nullable(),
    work_queue_id: id.nullable(),
    work_queue_name: z.string().nullable(),
    work_pool_id: id.nullable(),
    work_pool_name: z.string().nullable(),
    parameters: z.record(z.string(), z.unknown()),
    context: z.record(z.string(), z.unknown()),
    idempotency_key: z.string().nullable(),
    empirical_policy: z.record(z.string(), z.unknown()),
    tags: z.array(z.string()),
    labels: z.record(z.string(), z.unknown()).nullable(),
    parent_task_run_id: id.nullable(),
    ...runTimes,
    auto_scheduled: z.boolean(),
    infrastructure_document_id: id.nullable(),
    infrastructure_pid: z.string().nullable(),
    created_by: z
      .object({ id: id.nullable(), type: z.string().nullable(), display_value: z.string().nullable() })
      .nullable(),
    job_variables: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'FlowRun' })

export const taskRunAnswer = z
  .object({
    id,
    created: when,
    updated: when,
    name: z.string(),
    flow_run_id: id.nullable(),
    task_key: z.string(),
    dynamic_key: z.string(),
    cache_key: z.string().nullable(),
    cache_expiration: when.nullable(),
    task_version: z.string().nullable(),
    empirical_policy: z.record(z.string(), z.unknown()),
    tags: z.array(z.string()),
    labels: z.record(z.string(), z.unknown()).nullable(),
    ...currentState,
    task_inputs: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
    flow_run_run_count: z.number().int(),
    ...runTimes,
  })
  .meta({ id: 'TaskRun' })

export const orchestrationAnswer = z
  .object({
    state: stateAnswer.nullable(),
    status: z.enum(['ACCEPT', 'REJECT', 'WAIT', 'ABORT']),
    details: z.looseObject({
      type: z.string(),
      reason: z.string().optional(),
      delay_seconds: z.number().int().optional(),
    }),
  })
  .meta({ id: 'OrchestrationResult' })
