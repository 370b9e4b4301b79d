import type { ProposedState, StoredState } from '../domain/orchestration/decide.ts'
import { formatInstant } from '../domain/time.ts'
import type { RunContext } from './stored.ts'
import type { EventRow } from './write-set.ts'

/** What an event says about the run besides its states. */
export interface RunOfEvent extends RunContext {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly flowName: string
  readonly flowTags: readonly string[]
  readonly tags: readonly string[]
  readonly parentTaskRunId: string | null
}

const FIVE_MINUTES = 300_000_000
const MAX_MESSAGE = 100_000

/**
 * `prefect.flow-run.{StateName}` (wire-contract §7.2): its id is the state's, its time the state's. The body is joined
 * by hand, since it is made for every transition: objects for JSON.stringify would cost twice as much.
 */
export function flowRunEvent(
  run: RunOfEvent,
  runCount: number,
  initial: StoredState | null,
  state: StoredState,
): EventRow {
  const resourceId = `prefect.flow-run.${run.id}`
  const at = formatInstant(state.atMicros)
  const relatedIds = [`prefect.flow.${run.flowId}`]
  let related = relatedJson(`prefect.flow.${run.flowId}`, 'flow', run.flowName)
  const relate = (id: string, role: string, name: string | null, type: string | null = null): void => {
    relatedIds.push(id)
    related += `,${relatedJson(id, role, name, type)}`
  }
  if (run.deploymentId)
    relate(`prefect.deployment.${run.deploymentId}`, 'deployment', run.deploymentName ?? '')
  if (run.workQueueId) relate(`prefect.work-queue.${run.workQueueId}`, 'work-queue', run.workQueueName ?? '')
  // By this item workers know which cancellations are theirs.
  if (run.workPoolId)
    relate(`prefect.work-pool.${run.workPoolId}`, 'work-pool', run.workPoolName ?? '', run.workPoolType ?? '')
  if (run.parentTaskRunId) relate(`prefect.task-run.${run.parentTaskRunId}`, 'task-run', '')
  for (const tag of tagsOf(run)) relate(`prefect.tag.${tag}`, 'tag', null)
  const creator = run.createdBy && creatorNouns.get(run.createdBy.type)
  if (creator && run.createdBy?.id)
    relate(`prefect.${creator}.${run.createdBy.id}`, 'creator', run.createdBy.display_value ?? '')
  const message = JSON.stringify(state.message.slice(0, MAX_MESSAGE))
  const name = JSON.stringify(state.name)
  const initialJson =
    initial === null
      ? 'null'
      : `{"type":"${initial.type}","name":${JSON.stringify(initial.name)},"message":${JSON.stringify(initial.message)}}`
  return {
    workspace_id: run.workspaceId,
    occurred_at: at,
    id: state.id,
    event: `prefect.flow-run.${state.name}`,
    resource_id: resourceId,
    related_ids: relatedIds,
    follows: initial && state.atMicros - initial.atMicros < FIVE_MINUTES ? initial.id : null,
    received_at: at,
    body:
      `{"resource":{"prefect.resource.id":"${resourceId}","prefect.resource.name":${JSON.stringify(run.name)},` +
      `"prefect.run-count":"${runCount}","prefect.state-message":${message},"prefect.state-name":${name},` +
      `"prefect.state-timestamp":"${at}","prefect.state-type":"${state.type}"},"related":[${related}],` +
      `"payload":{"intended":{"from":${initial ? `"${initial.type}"` : 'null'},"to":"${state.type}"},` +
      `"initial_state":${initialJson},"validated_state":{"type":"${state.type}","name":${name},"message":${message},` +
      `"pause_reschedule":"${state.details.pause_reschedule ?? false}"}}}`,
  }
}

const relatedJson = (id: string, role: string, name: string | null, type: string | null = null): string =>
  `{"prefect.resource.id":${JSON.stringify(id)},"prefect.resource.role":"${role}"${
    name === null ? '' : `,"prefect.resource.name":${JSON.stringify(name)}`
  }${type === null ? '' : `,"prefect.work-pool.type":${JSON.stringify(type)}`}}`

/** Kinds of creators that events name; people and schedules are no resources. */
const creatorNouns: ReadonlyMap<string, string> = new Map([
  ['DEPLOYMENT', 'deployment'],
  ['AUTOMATION', 'automation'],
])

/** The run's own tags and those of its flow and deployment, each once. */
function tagsOf({ tags, flowTags, deploymentTags }: RunOfEvent): Iterable<string> {
  if (flowTags.length === 0 && (deploymentTags === null || deploymentTags.length === 0)) return tags
  return new Set([...tags, ...flowTags, ...(deploymentTags ?? [])])
}

export interface TaskRunOfEvent {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly runCount: number
  readonly flowRunId: string | null
  readonly tags: readonly string[]
}

/** The event of a task run that the server orchestrated (2.x clients): labelled so that the recorder leaves it alone. */
export function serverTaskRunEvent(
  run: TaskRunOfEvent,
  initial: StoredState | null,
  state: StoredState,
): EventRow {
  const resourceId = `prefect.task-run.${run.id}`
  const related: Record<string, string>[] = run.tags.map((tag) => ({
    'prefect.resource.id': `prefect.tag.${tag}`,
    'prefect.resource.role': 'tag',
  }))
  if (run.flowRunId)
    related.push({
      'prefect.resource.id': `prefect.flow-run.${run.flowRunId}`,
      'prefect.resource.role': 'flow-run',
    })
  const part = (s: ProposedState) => ({
    type: s.type,
    name: s.name,
    message: s.message.slice(0, MAX_MESSAGE),
  })
  return {
    workspace_id: run.workspaceId,
    occurred_at: formatInstant(state.atMicros),
    id: state.id,
    event: `prefect.task-run.${state.name}`,
    resource_id: resourceId,
    related_ids: related.map((item) => item['prefect.resource.id'] ?? ''),
    follows: initial && state.atMicros - initial.atMicros < FIVE_MINUTES ? initial.id : null,
    received_at: formatInstant(state.atMicros),
    body: JSON.stringify({
      resource: {
        'prefect.resource.id': resourceId,
        'prefect.resource.name': run.name,
        'prefect.run-count': String(run.runCount),
        'prefect.state-message': state.message.slice(0, MAX_MESSAGE),
        'prefect.state-name': state.name,
        'prefect.state-timestamp': formatInstant(state.atMicros),
        'prefect.state-type': state.type,
        'prefect.orchestration': 'server',
      },
      related,
      payload: {
        intended: { from: initial?.type ?? null, to: state.type },
        initial_state: initial && part(initial),
        validated_state: part(state),
      },
    }),
  }
}
