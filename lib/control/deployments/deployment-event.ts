import type { DeploymentRow } from '../../db/rows/deployment.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

type DeploymentOfEvent = Pick<DeploymentRow, 'id' | 'name' | 'flowId' | 'workQueueId' | 'workPoolId'> &
  Partial<Pick<DeploymentRow, 'storageDocumentId' | 'infrastructureDocumentId' | 'limit'>>

const NOTHING = '{}' as RawJson

export function deploymentEvent(
  happened: ObjectEvent['happened'],
  deployment: DeploymentOfEvent,
  payload: RawJson = NOTHING,
): ObjectEvent {
  const related: Record<string, string> = { [`prefect.flow.${deployment.flowId}`]: 'flow' }
  const relate = (noun: string, id: string | null | undefined, role = noun): void => {
    if (id) related[`prefect.${noun}.${id}`] = role
  }
  relate('work-queue', deployment.workQueueId)
  relate('work-pool', deployment.workPoolId)
  relate('block-document', deployment.storageDocumentId, 'storage')
  relate('block-document', deployment.infrastructureDocumentId, 'infrastructure')
  relate('concurrency-limit', deployment.limit?.id)
  return { noun: 'deployment', happened, id: deployment.id, name: deployment.name, related, payload }
}

/** Larger values are told of without what they hold, since events end at 1.5 MB. */
const MAX_VALUE_CHARACTERS = 50_000

/** What an update changed, as its event tells it; null: nothing. */
export function changesOf(before: DeploymentRow, after: DeploymentRow): RawJson | null {
  const [from, to] = [told(before), told(after)]
  const fields = Object.keys(from).filter((field) => from[field] !== to[field])
  if (fields.length === 0) return null
  const shown = (json: string | undefined): string =>
    json === undefined || json.length > MAX_VALUE_CHARACTERS ? 'null' : json
  const updates = fields.map(
    (field) => `${JSON.stringify(field)}:{"from":${shown(from[field])},"to":${shown(to[field])}}`,
  )
  // Safe: joined of JSON texts.
  return `{"updated_fields":${JSON.stringify(fields)},"updates":{${updates.join(',')}}}` as RawJson
}

/** JSON texts by the names of the wire. */
function told(row: DeploymentRow): Readonly<Record<string, string>> {
  const json = JSON.stringify
  return {
    version: json(row.version),
    description: json(row.description),
    paused: json(row.paused),
    disabled: json(row.disabled),
    tags: json(row.tags),
    labels: json(row.labels),
    parameters: row.parameters,
    parameter_openapi_schema: row.parameterOpenapiSchema ?? 'null',
    enforce_parameter_schema: json(row.enforceParameterSchema),
    entrypoint: json(row.entrypoint),
    path: json(row.path),
    pull_steps: row.pullSteps ?? 'null',
    job_variables: row.jobVariables,
    work_queue_name: json(row.workQueueName),
    work_pool_name: json(row.workPoolName),
    storage_document_id: json(row.storageDocumentId),
    infrastructure_document_id: json(row.infrastructureDocumentId),
    concurrency_limit: json(row.limit?.limit ?? null),
    concurrency_options: json(row.concurrencyOptions),
    schedules: json(
      row.schedules.map(({ slug, schedule, active, parameters, maxScheduledRuns, catchUp }) => ({
        slug,
        schedule,
        active,
        parameters,
        max_scheduled_runs: maxScheduledRuns,
        catch_up: catchUp,
      })),
    ),
  }
}
