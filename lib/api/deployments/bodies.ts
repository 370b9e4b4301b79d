import { z } from 'zod'
import type { DeploymentChanges } from '../../control/deployments/deployment-changes.ts'
import type { ScheduleInput } from '../../control/schedules/schedule-input.ts'
import { BadInput } from '../../domain/problem.ts'
import { rawItems, rawMember } from '../../domain/raw-json.ts'
import type { SaidOfCatchUp } from '../../domain/schedules/catch-up.ts'
import type { RawJson } from '../../domain/state.ts'
import { jsonObject, labels, tags, uuid } from '../schemas.ts'
import { catchUp, scheduleValue } from './wire.ts'

const text = z.string().max(10_000)
const queueName = z.string().min(1).max(500)
const positive = z.int().min(1).max(2_147_483_647)
const EMPTY = '{}' as RawJson

export const scheduleBody = z.object({
  schedule: scheduleValue.nullish(),
  active: z.boolean().nullish(),
  parameters: jsonObject.nullish(),
  max_scheduled_runs: positive.nullish(),
  slug: z.string().max(500).nullish(),
  replaces: z.string().max(500).nullish(),
  /** Of the hosted API: whether missed times are caught up. */
  catchup: z.boolean().nullish(),
  max_active_runs: positive.nullish(),
  catch_up: catchUp.nullish(),
})

const concurrencyOptions = z.looseObject({
  collision_strategy: z.enum(['ENQUEUE', 'CANCEL_NEW']),
  grace_period_seconds: z.int().min(60).max(86_400).nullish(),
})

export const deploymentUpdate = z.object({
  version: text.nullish(),
  version_info: z.looseObject({ type: text, version: text }).nullish(),
  description: z.string().max(1_000_000).nullish(),
  paused: z.boolean().nullish(),
  disabled: z.boolean().nullish(),
  tags: tags.nullish(),
  labels: labels.nullish(),
  parameters: jsonObject.nullish(),
  parameter_openapi_schema: jsonObject.nullish(),
  enforce_parameter_schema: z.boolean().nullish(),
  entrypoint: text.nullish(),
  path: text.nullish(),
  manifest_path: text.nullish(),
  pull_steps: z.array(jsonObject).max(1_000).nullish(),
  storage_document_id: uuid.nullish(),
  infrastructure_document_id: uuid.nullish(),
  job_variables: jsonObject.nullish(),
  work_pool_name: queueName.nullish(),
  work_queue_name: queueName.nullish(),
  concurrency_limit: positive.nullish(),
  global_concurrency_limit_id: uuid.nullish(),
  concurrency_options: concurrencyOptions.nullish(),
  schedules: z.array(scheduleBody).max(1_000).nullish(),
  // Of clients 2.x.
  schedule: scheduleValue.nullish(),
  is_schedule_active: z.boolean().nullish(),
  infra_overrides: jsonObject.nullish(),
  worker_pool_name: queueName.nullish(),
  worker_pool_queue_name: queueName.nullish(),
})
type DeploymentBody = z.output<typeof deploymentUpdate>

/** What a body says; `rawBody` holds its exact values. Members that always have a value take null for their emptiest. */
export function changesOf(body: DeploymentBody, rawBody: string): DeploymentChanges {
  const object = (name: 'parameters' | 'job_variables' | 'infra_overrides'): RawJson | undefined =>
    body[name] === undefined ? undefined : body[name] === null ? EMPTY : rawMember(rawBody, name)
  const nullable = (name: 'parameter_openapi_schema' | 'pull_steps'): RawJson | null | undefined =>
    body[name] === undefined ? undefined : body[name] === null ? null : rawMember(rawBody, name)
  return defined<DeploymentChanges>({
    version: body.version,
    versionInfo: body.version_info,
    description: body.description,
    paused: body.paused ?? (body.is_schedule_active == null ? undefined : !body.is_schedule_active),
    disabled: body.disabled ?? undefined,
    tags: body.tags === null ? [] : body.tags,
    labels: body.labels === null ? {} : body.labels,
    parameters: object('parameters'),
    parameterSchema: nullable('parameter_openapi_schema'),
    enforceParameterSchema: body.enforce_parameter_schema ?? undefined,
    entrypoint: body.entrypoint,
    path: body.path,
    manifestPath: body.manifest_path,
    pullSteps: nullable('pull_steps'),
    storageDocumentId: body.storage_document_id,
    infrastructureDocumentId: body.infrastructure_document_id,
    jobVariables: object('job_variables') ?? object('infra_overrides'),
    workPoolName: body.work_pool_name === undefined ? body.worker_pool_name : body.work_pool_name,
    workQueueName: body.work_queue_name === undefined ? body.worker_pool_queue_name : body.work_queue_name,
    concurrencyLimit: body.concurrency_limit,
    globalConcurrencyLimitId: body.global_concurrency_limit_id,
    concurrencyOptions: body.concurrency_options,
    schedules: schedulesOf(body, rawBody),
  })
}

function schedulesOf(body: DeploymentBody, rawBody: string): readonly ScheduleInput[] | undefined {
  if (body.schedules) return deployedSchedules(body.schedules, rawMember(rawBody, 'schedules') ?? '[]')
  // A client 2.x knows of one schedule, and pauses the deployment where it is not to be active.
  return body.schedule ? [{ schedule: body.schedule }] : undefined
}

/**
 * Of schedules that are deployed; `raw` is the text of the list. Here `catchup` is false when nobody said anything: stock clients
 * always send it.
 */
const deployedSchedules = (
  bodies: readonly z.output<typeof scheduleBody>[],
  raw: string,
): readonly ScheduleInput[] =>
  scheduleInputs(bodies, raw).map((input) =>
    typeof input.catchUp === 'boolean' ? { ...input, catchUp: { deployed: input.catchUp } } : input,
  )

export function scheduleInputs(
  bodies: readonly z.output<typeof scheduleBody>[],
  raw: string,
): readonly ScheduleInput[] {
  const items = rawItems(raw)
  return bodies.map((body, i) => scheduleInput(body, items[i] ?? '{}'))
}

export function scheduleInput(body: z.output<typeof scheduleBody>, raw: string): ScheduleInput {
  // What would not be kept to is better refused than promised.
  if (typeof body.max_active_runs === 'number')
    throw new BadInput(
      'Rigel does not limit the active runs of one schedule (max_active_runs). Give the deployment a concurrency_limit, which ' +
        'holds for all of its runs; its collision_strategy says what becomes of those beyond.',
    )
  return defined<ScheduleInput>({
    schedule: body.schedule ?? undefined,
    active: body.active ?? undefined,
    parameters:
      body.parameters === undefined
        ? undefined
        : body.parameters === null
          ? EMPTY
          : rawMember(raw, 'parameters'),
    maxScheduledRuns: body.max_scheduled_runs,
    slug: body.slug,
    replaces: body.replaces,
    catchUp: catchUpOf(body),
  })
}

function catchUpOf({ catch_up, catchup }: z.output<typeof scheduleBody>): SaidOfCatchUp | undefined {
  if (catch_up) {
    return catch_up.kind === 'last' ? { kind: 'last', count: catch_up.count ?? 1 } : { kind: catch_up.kind }
  }
  return catchup ?? undefined
}

/** Without the members that are undefined: absent is how a change says "leave it". */
function defined<Result extends object>(
  members: { readonly [Key in keyof Result]: Result[Key] | undefined },
): Result {
  // Safe: what is left has the types of Result, and every member of it may be absent.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Result
}
