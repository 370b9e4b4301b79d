import type { ProposedState, StoredState } from '../domain/orchestration/decide.ts'
import type { StateType } from '../domain/state.ts'
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

/** Role, name and, of work pools, type of a related resource, whose id stands at the same place of `related_ids`. */
type Relation = readonly [role: string, name: string | null, type?: string]

/**
 * `prefect.flow-run.{StateName}` (wire-contract §7.2): its id is the state's, its time the state's. There is one for every transition,
 * and hardly anybody reads it: so that it is stored as facts, a fifth of its text, and its body is made for those who ask.
 */
export function flowRunEvent(
  run: RunOfEvent,
  runCount: number,
  initial: StoredState | null,
  state: StoredState,
): FlowRunEvent {
  const relatedIds = [`prefect.flow.${run.flowId}`]
  const relations: Relation[] = [['flow', run.flowName]]
  const relate = (id: string, ...relation: Relation): void => {
    relatedIds.push(id)
    relations.push(relation)
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
  return new FlowRunEvent(run, runCount, initial, state, relatedIds, relations)
}

export class FlowRunEvent implements EventRow {
  readonly workspace_id: string
  readonly occurred_at: string
  readonly id: string
  readonly event: string
  readonly resource_id: string
  readonly related_ids: readonly string[]
  readonly follows: string | null
  readonly received_at: string
  // What it is about, and not the run and its states themselves: the live feed keeps events for a while, and those may be large.
  readonly #runName: string
  readonly #runCount: number
  readonly #relations: readonly Relation[]
  readonly #type: StateType
  readonly #name: string
  readonly #message: string
  readonly #from: readonly [type: StateType, name: string, message: string] | null
  readonly #reschedules: boolean

  constructor(
    run: RunOfEvent,
    runCount: number,
    initial: StoredState | null,
    state: StoredState,
    relatedIds: readonly string[],
    relations: readonly Relation[],
  ) {
    this.workspace_id = run.workspaceId
    this.occurred_at = formatInstant(state.atMicros)
    this.id = state.id
    this.event = `prefect.flow-run.${state.name}`
    this.resource_id = `prefect.flow-run.${run.id}`
    this.related_ids = relatedIds
    this.follows = initial && state.atMicros - initial.atMicros < FIVE_MINUTES ? initial.id : null
    this.received_at = this.occurred_at
    this.#runName = run.name
    this.#runCount = runCount
    this.#relations = relations
    this.#type = state.type
    this.#name = state.name
    this.#message = state.message.slice(0, MAX_MESSAGE)
    this.#from = initial && [initial.type, initial.name, initial.message]
    this.#reschedules = state.details.pause_reschedule === true
  }

  /** What event_body() of the database makes the body of. */
  get facts(): string {
    return JSON.stringify([
      this.#runName,
      this.#runCount,
      this.#type,
      this.#message,
      this.#from,
      this.#relations,
      this.#reschedules,
    ])
  }

  get body(): string {
    return JSON.stringify({
      resource: {
        'prefect.resource.id': this.resource_id,
        'prefect.resource.name': this.#runName,
        'prefect.run-count': String(this.#runCount),
        'prefect.state-message': this.#message,
        'prefect.state-name': this.#name,
        'prefect.state-timestamp': this.occurred_at,
        'prefect.state-type': this.#type,
      },
      related: this.#relations.map(([role, name, type], i) => ({
        'prefect.resource.id': this.related_ids[i],
        'prefect.resource.role': role,
        ...(name === null ? {} : { 'prefect.resource.name': name }),
        ...(type === undefined ? {} : { 'prefect.work-pool.type': type }),
      })),
      payload: {
        intended: { from: this.#from?.[0] ?? null, to: this.#type },
        initial_state: this.#from && { type: this.#from[0], name: this.#from[1], message: this.#from[2] },
        validated_state: {
          type: this.#type,
          name: this.#name,
          message: this.#message,
          pause_reschedule: String(this.#reschedules),
        },
      },
    })
  }
}

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
