import { isFinal, type RawJson, type StateDetails, type StateType, stateTypes } from '../state.ts'
import { formatInstant } from '../time.ts'
import { scheduledMicrosOf } from './bookkeeping.ts'
import type { EmpiricalPolicy, ProposedState, Rule } from './decide.ts'

/** Rules that hold for flow runs and task runs alike, and what rules of both kinds are made of. */

export const microsPerSecond = 1_000_000

export const finalTypes: readonly StateType[] = stateTypes.filter(isFinal)

export const withDetails = (state: ProposedState, details: StateDetails): ProposedState => ({
  ...state,
  details: { ...state.details, ...details },
})

export const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined

export const makeState = (
  type: StateType,
  name: string,
  message: string,
  details: StateDetails = {},
  data: RawJson | null = null,
): ProposedState => ({ type, name, message, details, data })

/** The failed state's message and data stay visible while the run waits for its next attempt. */
export const awaitingRetry = (failed: ProposedState, scheduledMicros: number): ProposedState =>
  makeState(
    'SCHEDULED',
    'AwaitingRetry',
    failed.message,
    { scheduled_time: formatInstant(scheduledMicros) },
    failed.data,
  )

/** `runCount` counts the attempt that just failed. Old clients wrote `max_retries`. */
export const hasRetriesLeft = ({ retries, max_retries }: EmpiricalPolicy, runCount: number): boolean => {
  const allowed = retries || max_retries || 0
  return allowed > 0 && runCount <= allowed
}

/** Seconds between a failure and the next attempt; the n-th of a list after the n-th attempt, its last from then on. */
export const retryDelaySecondsOf = (policy: EmpiricalPolicy, attempt: number): number => {
  const delay = policy.retry_delay ?? policy.retry_delay_seconds ?? 0
  const seconds =
    typeof delay === 'number' ? delay : (delay[Math.max(0, Math.min(attempt, delay.length) - 1)] ?? 0)
  return Math.max(0, seconds || policy.retry_delay_seconds || 0)
}

/** A hundred years: whoever asks for more is waited for as long, since instants end with the year 9999. */
const longestDelaySeconds = 3_155_760_000

export const retryAtMicros = (nowMicros: number, delaySeconds: number): number =>
  nowMicros + Math.round(Math.min(delaySeconds, longestDelaySeconds) * microsPerSecond)

/**
 * The lock of a claim: of two workers that propose PENDING for the same run, the second is told to keep its hands off.
 * Infrastructure may still say how far it has come (Pending → Submitting → InfrastructurePending).
 */
export const preventPendingTransitions: Rule = {
  name: 'preventPendingTransitions',
  from: ['PENDING', 'CANCELLING', 'RUNNING', 'CANCELLED'],
  to: ['PENDING'],
  needs: [],
  judge: ({ run, proposed }) => {
    if (run.state === null) return
    const { type, name, details } = run.state
    if (type !== 'PENDING' || name === proposed.name || proposed.name === 'Pending') {
      return {
        say: 'abort',
        reason: `This run is in a ${type} state and cannot transition to a PENDING state.`,
      }
    }
    const kept: { -readonly [Key in keyof StateDetails]: StateDetails[Key] } = {}
    if (isMissing(proposed.details.scheduled_time) && !isMissing(details.scheduled_time)) {
      kept.scheduled_time = details.scheduled_time
    }
    const lease = details.deployment_concurrency_lease_id
    if (isMissing(proposed.details.deployment_concurrency_lease_id) && !isMissing(lease)) {
      kept.deployment_concurrency_lease_id = lease
    }
    return {
      say: 'rewrite',
      reason: 'Still pending: keeps its scheduled time and its slot.',
      state: withDetails(proposed, kept),
    }
  },
}

/** A claimed run remembers when it is due, so that `waitForScheduledTime` can hold it back until then. */
export const copyScheduledTime: Rule = {
  name: 'copyScheduledTime',
  from: ['SCHEDULED'],
  to: ['PENDING'],
  needs: [],
  judge: ({ run, proposed }) => {
    const scheduled = run.state?.details.scheduled_time
    if (isMissing(scheduled) || !isMissing(proposed.details.scheduled_time)) return
    return {
      say: 'rewrite',
      reason: 'Keeps its scheduled time.',
      state: withDetails(proposed, { scheduled_time: scheduled }),
    }
  },
}

/** Workers claim early and retries wait in the process: neither may begin before its time. */
export const waitForScheduledTime: Rule = {
  name: 'waitForScheduledTime',
  from: ['SCHEDULED', 'PENDING'],
  to: ['RUNNING'],
  needs: [],
  judge: ({ run, facts }) => {
    const scheduled = run.state === null ? undefined : scheduledMicrosOf(run.state)
    if (scheduled === undefined) return
    // The wire carries whole seconds; half a second or less is not worth another round trip.
    const delaySeconds = Math.ceil((scheduled - facts.nowMicros) / 1e6 - 0.5)
    if (delaySeconds <= 0) return
    return { say: 'wait', reason: 'Scheduled time is in the future', delaySeconds }
  },
}

/** Tells the world. Every state that is written becomes one event, sent after the commit. */
export const instrumentTransitions: Rule = {
  name: 'instrumentTransitions',
  from: 'any',
  to: 'any',
  needs: [],
  universal: true,
  judge: () => emit,
}
const emit = { say: 'rewrite', reason: 'Emits an event.', effects: [{ type: 'emit-event' }] } as const
