import { errorStory } from '../record/error-story.js'
import { describeError } from '../record/text.js'
import type { Outcome } from './attempts.js'
import { ParameterError, PauseEnded, UpstreamNotCompleted } from './errors.js'
import { State } from './state.js'
import type { NewState } from './task-run.js'

/** The state in which an outcome leaves a run. */
export function finalStateOf(outcome: Outcome<unknown>): NewState {
  switch (outcome.kind) {
    case 'completed':
      return completedStateOf(outcome.value)
    case 'failed':
      // The task never ran; Pending is where Prefect leaves such a task, and where the run graph expects it.
      if (outcome.error instanceof UpstreamNotCompleted) {
        return { type: 'PENDING', name: 'NotReady', message: outcome.error.message }
      }
      return { type: 'FAILED', name: 'Failed', message: describeError(outcome.error) }
    case 'timed-out':
      return { type: 'FAILED', name: 'TimedOut', message: plainMessage(outcome.error) }
    case 'cancelled':
      return { type: 'CANCELLED', name: 'Cancelled', message: plainMessage(outcome.error) }
    default:
      return outcome satisfies never
  }
}

/** Our own reasons are whole sentences; the name of their class would only be in the way. */
const plainMessage = (error: unknown): string =>
  error instanceof Error ? error.message : describeError(error)

/** Errors whose story a log line has told: what a task threw mostly ends the flows around it too. */
const told = new WeakSet<Error>()

/** What a log line says of the way in which a run failed: where the error comes from too, once. */
export function failureStory(next: NewState, outcome: Outcome<unknown>): string {
  const short = next.message ?? next.name
  if (outcome.kind !== 'failed' || !(outcome.error instanceof Error) || speaksForItself(outcome.error))
    return short
  if (told.has(outcome.error)) return short
  told.add(outcome.error)
  return errorStory(outcome.error)
}

const speaksForItself = (error: Error): boolean =>
  error instanceof ParameterError || error instanceof PauseEnded || error instanceof UpstreamNotCompleted

/** Returned states speak for themselves: a flow that returns the state of a failed task has failed. */
function completedStateOf(value: unknown): NewState {
  const states = (Array.isArray(value) ? value : [value]).filter((item) => item instanceof State)
  const bad = states.filter((state) => !state.isCompleted())
  if (bad.length === 0) return { type: 'COMPLETED', name: 'Completed' }
  return {
    type: 'FAILED',
    name: 'Failed',
    message: `${bad.length} of ${states.length} returned states did not complete`,
  }
}

/** The same for the caller, with the result or the error. */
export function toState<R>(next: NewState, at: string, outcome: Outcome<R>): State<R> {
  if (outcome.kind === 'completed') {
    return new State<R>(next.type, next.name, next.message, at, { value: outcome.value })
  }
  return new State<R>(next.type, next.name, next.message, at, { error: outcome.error })
}
