import { formatCount } from '#app/_ui/times.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import type { StateType } from '#lib/domain/state.ts'

/** What may be done with a run, by its state: a verb that would do nothing is not offered. */
export const runVerbs = ['cancel', 'pause', 'resume', 'retry', 'set-state', 'delete'] as const
export type RunVerb = (typeof runVerbs)[number]

const verbsOf = {
  SCHEDULED: ['cancel', 'set-state', 'delete'],
  PENDING: ['cancel', 'set-state', 'delete'],
  RUNNING: ['cancel', 'pause', 'set-state', 'delete'],
  PAUSED: ['resume', 'cancel', 'set-state', 'delete'],
  CANCELLING: ['set-state', 'delete'],
  COMPLETED: ['retry', 'set-state', 'delete'],
  FAILED: ['retry', 'set-state', 'delete'],
  CRASHED: ['retry', 'set-state', 'delete'],
  CANCELLED: ['retry', 'set-state', 'delete'],
} as const satisfies Record<StateType, readonly RunVerb[]>

export const mayDo = (verb: RunVerb, stateType: StateType): boolean =>
  (verbsOf[stateType] as readonly RunVerb[]).includes(verb)

export const statesFor = (verb: RunVerb): readonly StateType[] =>
  (Object.keys(verbsOf) as StateType[]).filter((type) => mayDo(verb, type))

interface Proposal {
  readonly type: StateType
  readonly name?: string
  readonly message?: string
  readonly state_details?: Readonly<Record<string, unknown>>
}

/** What is proposed for a run that is to be cancelled: what executes somewhere is asked to stop, what waits is over. */
export const cancelProposal = (stateType: StateType): Proposal =>
  stateType === 'SCHEDULED' || stateType === 'PAUSED'
    ? { type: 'CANCELLED', message: 'Cancelled in the console.' }
    : { type: 'CANCELLING', message: 'Asked to stop in the console.' }

export const pauseProposal = (nowMs: number, seconds: number): Proposal => ({
  type: 'PAUSED',
  message: 'Paused in the console.',
  state_details: { pause_timeout: new Date(nowMs + seconds * 1000).toISOString(), pause_reschedule: false },
})

export const retryProposal = (nowMs: number): Proposal => ({
  type: 'SCHEDULED',
  name: 'AwaitingRetry',
  message: 'Retried from the console.',
  state_details: { scheduled_time: new Date(nowMs).toISOString() },
})

/** The list's filter as the API takes it. */
export function apiFilterOf(filter: RunFilter, states: readonly StateType[] | null): Record<string, unknown> {
  const shown =
    filter.states && states
      ? filter.states.filter((type) => states.includes(type))
      : (filter.states ?? states)
  return {
    ...(filter.flowIds.length > 0 ? { flows: { id: { any_: filter.flowIds } } } : {}),
    flow_runs: {
      ...(filter.fromAt || filter.toAt || filter.begun
        ? {
            expected_start_time: {
              ...(filter.fromAt ? { after_: filter.fromAt } : {}),
              ...(filter.toAt
                ? { before_: filter.toAt }
                : filter.begun
                  ? { before_: new Date().toISOString() }
                  : {}),
            },
          }
        : {}),
      ...(shown ? { state: { type: { any_: shown } } } : {}),
      ...(filter.name ? { name: { like_: filter.name } } : {}),
      ...(filter.tags.length > 0 ? { tags: { all_: filter.tags } } : {}),
      ...(filter.deploymentIds.length > 0 ? { deployment_id: { any_: filter.deploymentIds } } : {}),
    },
  }
}

/** `1 run`, `14 runs`. */
export const runsWord = (count: number): string => `${formatCount(count)} ${count === 1 ? 'run' : 'runs'}`
