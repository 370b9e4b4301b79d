import type { ProposedState, StoredState } from '../domain/orchestration/decide.ts'
import { formatInstant } from '../domain/time.ts'
import type { EventRow } from './write-set.ts'

/** What an event says about the run besides its states. */
export interface RunOfEvent {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly runCount: number
  readonly flowId: string
  readonly flowName: string
  readonly tags: readonly string[]
  readonly deploymentId: string | null
  readonly workQueueId: string | null
  readonly workQueueName: string | null
  readonly workPoolName: string | null
  readonly parentTaskRunId: string | null
}

const FIVE_MINUTES = 300_000_000
const MAX_MESSAGE = 100_000

const resource = (id: string, role: string, name: string): Record<string, string> => ({
  'prefect.resource.id': id,
  'prefect.resource.role': role,
  'prefect.resource.name': name,
})

/** `prefect.flow-run.{StateName}` (wire-contract §7.2): its id is the state's, its time the state's. */
export function flowRunEvent(run: RunOfEvent, initial: StoredState | null, state: StoredState): EventRow {
  const resourceId = `prefect.flow-run.${run.id}`
  const related = [resource(`prefect.flow.${run.flowId}`, 'flow', run.flowName)]
  if (run.deploymentId) related.push(resource(`prefect.deployment.${run.deploymentId}`, 'deployment', ''))
  if (run.workQueueId)
    related.push(resource(`prefect.work-queue.${run.workQueueId}`, 'work-queue', run.workQueueName ?? ''))
  if (run.parentTaskRunId) related.push(resource(`prefect.task-run.${run.parentTaskRunId}`, 'task-run', ''))
  for (const tag of run.tags)
    related.push({ 'prefect.resource.id': `prefect.tag.${tag}`, 'prefect.resource.role': 'tag' })
  return {
    workspace_id: run.workspaceId,
    occurred_at: formatInstant(state.atMicros),
    id: state.id,
    event: `prefect.flow-run.${state.name}`,
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
      },
      related,
      payload: {
        intended: { from: initial?.type ?? null, to: state.type },
        initial_state: initial && { type: initial.type, name: initial.name, message: initial.message },
        validated_state: {
          type: state.type,
          name: state.name,
          message: state.message.slice(0, MAX_MESSAGE),
          pause_reschedule: String(state.details.pause_reschedule ?? false),
        },
      },
    }),
  }
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
