import { isFinal, type StateDetails, type StateType, stateTypes } from '../state.ts'
import { formatInstant, parseInstant } from '../time.ts'
import type { ClaimFact, EmpiricalPolicy, FlowRunView, Rule } from './decide.ts'
import { cancellationGraceSeconds, finishDeadlineMicros, startDeadlineMicros } from './follow-up-rules.ts'
import { finalTypes, isMissing, makeState, withDetails } from './shared-rules.ts'

/**
 * What services may do to a run. A service looks first and proposes later, and meanwhile the run goes on: each rule here judges
 * anew, under the run's lock, whether there still is a reason. So a service may come late, twice, or from several replicas at once.
 */

type FlowRule = Rule<FlowRunView>

const microsPerSecond = 1_000_000

/** A pause may have been resumed in the moment in which it timed out. */
export const failOnlyExpiredPauses: FlowRule = {
  name: 'failOnlyExpiredPauses',
  from: 'any',
  to: ['FAILED'],
  needs: [],
  judge: ({ run, facts }) => {
    if (run.state?.type !== 'PAUSED') return { say: 'reject', reason: 'The run is not paused.' }
    const { pause_timeout } = run.state.details
    const timeout = isMissing(pause_timeout) ? undefined : parseInstant(pause_timeout)
    if (timeout !== undefined && timeout <= facts.nowMicros) return
    return { say: 'reject', reason: 'The pause has not timed out.' }
  },
}

/** A cancellation that was confirmed, or began again, is nobody's to end. */
export const cancelOnlyStuckCancellations: FlowRule = {
  name: 'cancelOnlyStuckCancellations',
  from: 'any',
  to: ['CANCELLED'],
  needs: [],
  judge: ({ run, facts }) => {
    if (run.state?.type !== 'CANCELLING') return { say: 'reject', reason: 'The run is not cancelling.' }
    if (run.state.atMicros + cancellationGraceSeconds * microsPerSecond <= facts.nowMicros) return
    return { say: 'reject', reason: 'The cancellation may still be confirmed.' }
  },
}

/** The run may have begun, or ended, in the last moment. */
export const cancelOnlyMissedDeadlines: FlowRule = {
  name: 'cancelOnlyMissedDeadlines',
  from: 'any',
  to: ['CANCELLING'],
  needs: [],
  judge: (view) => {
    const { run, proposed, facts, policy } = view
    if (run.state === null || isFinal(run.state.type) || run.state.type === 'CANCELLING') {
      return { say: 'reject', reason: 'The run is over, or about to be.' }
    }
    const finish = finishDeadlineMicros(view)
    const due = finish ?? startDeadlineMicros(policy, run.startMicros, run.expectedStartMicros)
    if (due === null || due > facts.nowMicros) {
      return { say: 'reject', reason: 'No deadline of the run has passed.' }
    }
    const message =
      finish === null
        ? `The run had to begin by ${formatInstant(due)}, ${policy.start_within_seconds} s after it was expected to.`
        : `The run had to end by ${formatInstant(due)}, ${policy.finish_within_seconds ?? '?'} s after it began.`
    return { say: 'rewrite', reason: 'Missed its deadline.', state: { ...proposed, message } }
  },
}

/** What is over stays as it is: a service that cleans up comes after everybody else. */
export const leaveEndedRunsAlone: Rule = {
  name: 'leaveEndedRunsAlone',
  from: finalTypes,
  to: 'any',
  needs: [],
  judge: () => ({ say: 'reject', reason: 'The run has ended already.' }),
}

/** States in which somebody executes the run. */
const executed: readonly StateType[] = ['PENDING', 'RUNNING', 'CANCELLING']

const nameOf = ({ holderType, holderName, holderId }: ClaimFact): string =>
  `the ${holderType} ${holderName ?? holderId ?? 'that ran it'}`

const evidenceOf = (claim: ClaimFact): StateDetails => ({
  lost: {
    holder_type: claim.holderType,
    holder_id: claim.holderId,
    holder_name: claim.holderName,
    claim_token: claim.token,
    claimed_at: formatInstant(claim.claimedMicros),
    last_beat_at: claim.beatMicros === null ? null : formatInstant(claim.beatMicros),
    lease_expired_at: claim.expiresMicros === null ? null : formatInstant(claim.expiresMicros),
  },
})

/**
 * A run whose holder has been silent for longer than its lease is Crashed, and its state tells what is known of the holder.
 * A beat that came in time, an end that was told, a newer claim: each is seen here, because the claim is read under its lock.
 */
export const crashOnlySilentRuns: FlowRule = {
  name: 'crashOnlySilentRuns',
  from: 'any',
  to: ['CRASHED'],
  needs: ['claim'],
  judge: ({ run, proposed, facts: { claim, nowMicros } }) => {
    if (run.state === null || !executed.includes(run.state.type)) {
      return { say: 'reject', reason: 'Nobody executes the run now.' }
    }
    if (claim === null) return { say: 'reject', reason: 'Nobody holds a claim of the run.' }
    if (claim.expiresMicros === null) {
      return { say: 'reject', reason: 'The holder sends no signs of life, so that silence says nothing.' }
    }
    if (claim.expiresMicros > nowMicros) return { say: 'reject', reason: 'The holder is alive.' }
    const last = claim.beatMicros ?? claim.claimedMicros
    const message =
      `No sign of life from ${nameOf(claim)} since ${formatInstant(last)}; ` +
      `its lease ended at ${formatInstant(claim.expiresMicros)}.`
    if (run.state.type === 'CANCELLING') {
      return {
        say: 'reject',
        reason: 'It was asked to stop, and whoever ran it is gone.',
        state: makeState('CANCELLED', 'Cancelled', message, evidenceOf(claim)),
      }
    }
    return {
      say: 'rewrite',
      reason: 'Its holder is silent.',
      state: withDetails({ ...proposed, message }, evidenceOf(claim)),
    }
  },
}

/** Schedules a lost run again this often; a run that kills every worker must not go on for ever. */
export const mostTimesLost = 3

/**
 * A run that has not begun repeats nothing when it is claimed anew; one that has begun needs its deployment's word for it.
 * Under an agent's claim a run waits for its next attempt as Pending too, and has begun.
 */
export const isRescheduledWhenLost = (
  run: Pick<FlowRunView, 'deploymentId' | 'state'>,
  { on_lost, times_lost }: EmpiricalPolicy,
): boolean =>
  run.deploymentId !== null &&
  (on_lost === 'reschedule' || (run.state?.type === 'PENDING' && run.state.name !== 'AwaitingRetry')) &&
  (times_lost ?? 0) < mostTimesLost

/** A lost run that may go back to its queue does. */
export const rescheduleLostRuns: FlowRule = {
  name: 'rescheduleLostRuns',
  from: stateTypes,
  to: ['CRASHED'],
  needs: [],
  judge: ({ run, proposed, policy, facts }) => {
    if (!isRescheduledWhenLost(run, policy)) return
    const lost = policy.times_lost ?? 0
    return {
      say: 'reject',
      reason: 'Lost runs of this kind are scheduled again.',
      state: makeState(
        'SCHEDULED',
        'Rescheduled',
        `${proposed.message} Scheduled again (${lost + 1} of ${mostTimesLost}).`,
        { scheduled_time: formatInstant(facts.nowMicros), lost: proposed.details.lost },
      ),
      policy: { ...policy, times_lost: lost + 1, retry_type: 'reschedule', resuming: false, pause_keys: [] },
    }
  },
}

/** A run that its schedule made, and that nobody claimed, started, put off or held back since; its moment passed while nothing could run. */
export const skipOnlyUntouchedRuns: FlowRule = {
  name: 'skipOnlyUntouchedRuns',
  from: 'any',
  to: ['CANCELLED'],
  needs: [],
  judge: ({ run }) => {
    if (run.state?.type !== 'SCHEDULED')
      return { say: 'reject', reason: 'The run is not scheduled any more.' }
    const isUntouched =
      (run.state.name === 'Scheduled' || run.state.name === 'Late') &&
      run.runCount === 0 &&
      run.nextScheduledStartMicros === run.expectedStartMicros
    return isUntouched ? undefined : { say: 'reject', reason: 'The run is not as its schedule made it.' }
  },
}

/** A run that waits for a slot of its deployment is due at once when one comes free; it may have been claimed or cancelled meanwhile. */
export const hurryOnlyRunsThatWaitForSlots: FlowRule = {
  name: 'hurryOnlyRunsThatWaitForSlots',
  from: 'any',
  to: ['SCHEDULED'],
  needs: [],
  judge: ({ run }) => {
    if (run.state?.type === 'SCHEDULED' && run.state.name === 'AwaitingConcurrencySlot') return
    return { say: 'reject', reason: 'The run does not wait for a slot of its deployment.' }
  },
}
