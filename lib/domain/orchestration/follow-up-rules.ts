import { isFinal, type StateType, stateTypes } from '../state.ts'
import { formatInstant, parseInstant } from '../time.ts'
import { scheduledMicrosOf } from './bookkeeping.ts'
import type { EmpiricalPolicy, FlowRunView, FollowUpKind, Rule, RuleView } from './decide.ts'
import { isMissing, withDetails } from './shared-rules.ts'

/**
 * Rules that have a run looked at again: what nobody proposes in time, a service does (`service-rules.ts`). They are universal,
 * so that a pause, a cancellation or a deadline is watched whoever brought it about.
 */

type FlowRule = Rule<FlowRunView>

const microsPerSecond = 1_000_000
/** How long whoever runs a run may take to confirm that it stopped. */
export const cancellationGraceSeconds = 300

const unfinishedTypes: readonly StateType[] = stateTypes.filter((type) => !isFinal(type))

const lookAgain = (kind: FollowUpKind, dueMicros: number, reason: string) =>
  ({ say: 'rewrite', reason, effects: [{ type: 'follow-up', kind, dueMicros }] }) as const

/** Nobody resumes a run for ever: without this, one whose process is gone would stay paused. */
export const watchPauses: FlowRule = {
  name: 'watchPauses',
  from: 'any',
  to: ['PAUSED'],
  needs: [],
  universal: true,
  judge: ({ proposed }) => {
    const { pause_timeout } = proposed.details
    const due = isMissing(pause_timeout) ? undefined : parseInstant(pause_timeout)
    return due === undefined
      ? undefined
      : lookAgain('pause-timeout', due, 'Looks again when the pause times out.')
  },
}

/** Whoever runs the run may be gone: then nobody ever confirms that it stopped. */
export const watchCancellations: FlowRule = {
  name: 'watchCancellations',
  from: 'any',
  to: ['CANCELLING'],
  needs: [],
  universal: true,
  judge: ({ facts }) =>
    lookAgain(
      'cancel-timeout',
      facts.nowMicros + cancellationGraceSeconds * microsPerSecond,
      'Looks again when the cancellation should be confirmed.',
    ),
}

/** What a cancelled run had started has to stop as well. */
export const cancelChildren: FlowRule = {
  name: 'cancelChildren',
  from: stateTypes,
  to: ['CANCELLED'],
  needs: [],
  universal: true,
  judge: ({ run, facts }) =>
    // A run that never started has started nothing.
    run.startMicros === null
      ? undefined
      : lookAgain('cancel-children', facts.nowMicros, 'Stops its task runs and sub-flows.'),
}

const positiveSeconds = (seconds: unknown): number | null =>
  typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 && seconds < 1e9 ? seconds : null

/** When a run that never started is no longer worth starting; null: it may wait. */
export const startDeadlineMicros = (
  policy: EmpiricalPolicy,
  startMicros: number | null,
  expectedStartMicros: number | null,
): number | null => {
  const seconds = positiveSeconds(policy.start_within_seconds)
  return seconds === null || startMicros !== null || expectedStartMicros === null
    ? null
    : expectedStartMicros + Math.round(seconds * microsPerSecond)
}

/** When the run has to have ended, as its state says; null: it may take its time. */
export const finishDeadlineMicros = ({ run }: Pick<RuleView<FlowRunView>, 'run'>): number | null => {
  if (run.state === null || isFinal(run.state.type)) return null
  const text = run.state.details.finish_by
  return typeof text === 'string' ? (parseInstant(text) ?? null) : null
}

/** A run that has to begin in time is looked at when that time is over. */
export const watchStartDeadline: FlowRule = {
  name: 'watchStartDeadline',
  from: 'any',
  to: ['SCHEDULED', 'PENDING'],
  needs: [],
  universal: true,
  judge: ({ run, proposed, policy, facts }) => {
    // Nearly no run has one: nothing is parsed for the others.
    if (isMissing(policy.start_within_seconds)) return
    const expected = run.expectedStartMicros ?? scheduledMicrosOf(proposed) ?? facts.nowMicros
    const due = startDeadlineMicros(policy, run.startMicros, expected)
    return due === null ? undefined : lookAgain('deadline', due, 'Looks again when it should have begun.')
  },
}

/**
 * A run that has to end in time. The deadline is set at the first start and stands in the run's states from then on, through
 * retries and pauses; a run that is run again after its end gets a new one.
 */
export const watchFinishDeadline: FlowRule = {
  name: 'watchFinishDeadline',
  from: 'any',
  to: unfinishedTypes,
  needs: [],
  universal: true,
  judge: (view) => {
    const { proposed, policy, facts } = view
    const standing = finishDeadlineMicros(view)
    if (standing !== null) {
      const finish_by = formatInstant(standing)
      if (proposed.details.finish_by === finish_by) return
      return {
        say: 'rewrite',
        reason: 'Keeps its deadline.',
        state: withDetails(proposed, { finish_by }),
      }
    }
    const seconds = positiveSeconds(policy.finish_within_seconds)
    if (seconds === null || proposed.type !== 'RUNNING') return
    const due = facts.nowMicros + Math.round(seconds * microsPerSecond)
    return {
      ...lookAgain('deadline', due, 'Looks again when it should have ended.'),
      state: withDetails(proposed, { finish_by: formatInstant(due) }),
    }
  },
}
