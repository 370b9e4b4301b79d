import { isFinal, type StateDetails, type StateType, stateTypes } from '../state.ts'
import { formatInstant } from '../time.ts'
import type {
  Effect,
  EmpiricalPolicy,
  Facts,
  FlowRunView,
  FromType,
  Rule,
  RunView,
  StoredState,
  TaskRunView,
} from './decide.ts'
import {
  began,
  claim,
  deploymentLimit,
  due,
  entered,
  flowRunFact,
  now,
  propose,
  result,
  tagLimit,
  workSlots,
} from './fixtures.ts'
import * as flows from './flow-rules.ts'
import * as followUps from './follow-up-rules.ts'
import * as services from './service-rules.ts'
import * as shared from './shared-rules.ts'
import * as tasks from './task-rules.ts'
import type { Outcome, vocabulary } from './transitions.table.ts'

/**
 * What each rule says, asked alone, for every pair of states about which it could speak; the policies' tables say what becomes of
 * it in company. `rules.test.ts` fails on a pair that a rule declares and no row here covers.
 */
export interface RuleRow<Run extends RunView> {
  readonly rule: Rule<Run>
  readonly when: string
  /** The pairs that the row covers; all that the rule declares where absent. */
  readonly from?: readonly FromType[]
  readonly to?: readonly StateType[]
  readonly run?: Partial<Run>
  readonly state?: Partial<StoredState>
  readonly proposed?: Parameters<typeof propose>[1]
  readonly facts?: Partial<Facts>
  /** A word of the transitions' vocabulary, an outcome, or `silent`: it could speak, and has nothing to say. */
  readonly says: keyof typeof vocabulary | 'silent' | Outcome | ((from: FromType, to: StateType) => Outcome)
  /** Effects besides those of a claim; none where absent. */
  readonly effects?: readonly Effect[]
  /** Details that the written state has besides. */
  readonly details?: StateDetails
  readonly flowRunRunCount?: number
}

const ended: readonly StateType[] = stateTypes.filter(isFinal)
const unfinished: readonly StateType[] = stateTypes.filter((type) => !isFinal(type))
const but = (...types: readonly FromType[]): readonly FromType[] =>
  (['none', ...stateTypes] as const).filter((type) => !types.includes(type))

const ok: Outcome = { verdict: 'ACCEPT' }
const reject = (reason: string): Outcome => ({ verdict: 'REJECT', reason })
const lease = { details: { deployment_concurrency_lease_id: 'lease-1' } }
const inSeconds = (seconds: number): number => now + seconds * 1_000_000
const followUp = (
  kind: 'pause-timeout' | 'cancel-timeout' | 'cancel-children' | 'deadline',
  seconds: number,
) => [{ type: 'follow-up', kind, dueMicros: inSeconds(seconds) }] as const
const lookedAt = formatInstant(inSeconds(60))
const ofDeployment = { deploymentId: 'deployment-1' }
const oldClient = { client: { apiVersion: [0, 8, 4] as const, clientVersion: '3.4.10' } }
const deadline = (its: EmpiricalPolicy) => ({ policy: its })
const silence = `No sign of life from the worker w1 since ${formatInstant(inSeconds(-100))}; its lease ended at ${formatInstant(inSeconds(-10))}.`
const silentClaim = claim({ beatMicros: inSeconds(-100), expiresMicros: inSeconds(-10) })
const evidence = {
  lost: {
    holder_type: 'worker',
    holder_id: null,
    holder_name: 'w1',
    claim_token: 'token-1',
    claimed_at: formatInstant(began),
    last_beat_at: formatInstant(inSeconds(-100)),
    lease_expired_at: formatInstant(inSeconds(-10)),
  },
}

export const flowRuleRows: readonly RuleRow<FlowRunView>[] = [
  {
    rule: flows.refuseStaleClaims,
    when: 'the run was claimed anew',
    run: { claimToken: 'mine' },
    proposed: { details: { claim_token: 'old', scheduled_time: due } },
    facts: { claim: claim() },
    says: {
      verdict: 'ABORT',
      reason: `The claim under which this was proposed may no longer move the run: it is held by worker "w1" since ${formatInstant(began)}.`,
    },
  },
  {
    rule: flows.refuseStaleClaims,
    when: 'the run was given back',
    proposed: { details: { claim_token: 'old', scheduled_time: due } },
    says: {
      verdict: 'ABORT',
      reason:
        'The claim under which this was proposed may no longer move the run: it was given back, and nobody has claimed it since.',
    },
  },
  {
    rule: flows.preserveDeploymentConcurrencyLeaseId,
    when: 'the run holds a slot',
    state: lease,
    says: 'keepslease',
  },
  {
    rule: flows.preventDuplicateTransitions,
    when: 'the answer was lost and the request is repeated',
    state: { details: { transition_id: 't-1' } },
    proposed: { details: { transition_id: 't-1' } },
    says: 'duplicate',
  },
  {
    rule: flows.keepCancelledBetweenAttempts,
    when: 'it was cancelled while its process waited',
    state: { details: { cancelled_between_attempts: true } },
    says: reject('The run was cancelled while it waited for its next attempt.'),
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'what is over is asked to stop',
    to: ['CANCELLING', 'PAUSED', 'CRASHED'],
    says: (from) => ({ verdict: 'ABORT', reason: `Run is already in terminal state ${from}.` }),
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'its result can be loaded',
    from: ['COMPLETED'],
    to: ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'],
    state: { data: result },
    says: 'done',
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'it has no deployment that could run it',
    to: ['SCHEDULED'],
    says: 'nodeploy',
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'it is scheduled again',
    to: ['SCHEDULED'],
    run: { ...ofDeployment, policy: { pause_keys: ['k'], retry_type: 'in_process' } },
    says: 'resched',
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'it runs again by itself',
    to: ['PENDING', 'RUNNING'],
    run: { policy: { pause_keys: ['k'], retry_type: 'in_process' } },
    says: 'again',
  },
  {
    rule: flows.handleFlowTerminalStateTransitions,
    when: 'it ended otherwise than was thought',
    to: ['COMPLETED', 'FAILED', 'CANCELLED'],
    says: 'silent',
  },
  { rule: flows.enforceCancellingToCancelledTransition, when: 'it was asked to stop', says: 'stopping' },
  {
    rule: flows.bypassCancellingFlowRunsWithNoInfra,
    when: 'nothing runs',
    state: { details: { pause_reschedule: true, scheduled_time: due } },
    says: 'atonce',
  },
  {
    rule: flows.bypassCancellingFlowRunsWithNoInfra,
    when: 'its process waits for the next attempt',
    from: ['SCHEDULED'],
    run: { policy: { retry_type: 'in_process' } },
    says: 'between',
    details: { cancelled_between_attempts: true },
  },
  {
    rule: flows.enforceWorkSlots,
    when: 'its pool is full',
    facts: { workSlots: workSlots({ limit: 1, active: 1, holders: [{ id: 'run-2', name: 'x' }] }) },
    says: reject('Work pool "machines" is full: its concurrency limit of 1 is taken by x.'),
  },
  {
    rule: flows.enforceWorkSlots,
    when: 'its queue is closed',
    facts: { workSlots: workSlots({}, { limit: 0, active: 0 }) },
    says: reject('Work queue "urgent" has a concurrency limit of 0.'),
  },
  {
    rule: flows.validateDeploymentConcurrencyAtRunning,
    when: 'its slot is still its own',
    state: lease,
    facts: { deploymentLimit: deploymentLimit() },
    says: ok,
    effects: [{ type: 'renew-lease', leaseId: 'lease-1', seconds: 300 }],
  },
  {
    rule: flows.validateDeploymentConcurrencyAtRunning,
    when: 'its slot was lost and another is free',
    state: lease,
    facts: { deploymentLimit: deploymentLimit({ leaseAlive: false }) },
    says: 'slot',
    effects: [
      { type: 'acquire-deployment-slot', limitId: 'limit-1', leaseId: 'fresh-lease', leaseSeconds: 300 },
    ],
  },
  {
    rule: flows.validateDeploymentConcurrencyAtRunning,
    when: 'its slot was lost and none is free',
    state: lease,
    facts: { deploymentLimit: deploymentLimit({ leaseAlive: false, active: 2 }) },
    says: 'lost',
  },
  {
    rule: flows.secureFlowConcurrencySlots,
    when: 'a slot is free',
    facts: { deploymentLimit: deploymentLimit() },
    says: 'slot',
    effects: [
      { type: 'acquire-deployment-slot', limitId: 'limit-1', leaseId: 'fresh-lease', leaseSeconds: 300 },
    ],
  },
  {
    rule: flows.secureFlowConcurrencySlots,
    when: 'none is free, and its deployment queues',
    facts: { deploymentLimit: deploymentLimit({ active: 2 }) },
    says: 'queued',
  },
  {
    rule: flows.secureFlowConcurrencySlots,
    when: 'none is free, and its deployment cancels',
    facts: { deploymentLimit: deploymentLimit({ active: 2, collisionStrategy: 'CANCEL_NEW' }) },
    says: 'dropped',
  },
  {
    rule: flows.secureFlowConcurrencySlots,
    when: 'its deployment is closed',
    facts: { deploymentLimit: deploymentLimit({ limit: 0, active: 0 }) },
    says: 'closed',
  },
  {
    rule: flows.removeDeploymentConcurrencyLeaseForOldClientVersions,
    when: 'its client cannot renew',
    state: lease,
    facts: oldClient,
    says: ok,
    effects: [{ type: 'pin-lease', leaseId: 'lease-1' }],
  },
  {
    rule: flows.ensureOnlyScheduledFlowsMarkedLate,
    when: 'it is not waiting any more',
    from: but('SCHEDULED'),
    proposed: { name: 'Late' },
    says: 'notlate',
  },
  {
    rule: flows.ensureOnlyScheduledFlowsMarkedLate,
    when: 'it is late already',
    from: ['SCHEDULED'],
    state: { name: 'Late' },
    proposed: { name: 'Late' },
    says: 'islate',
  },
  {
    rule: flows.enforceDeploymentConcurrencyOnLate,
    when: 'its deployment does not queue',
    facts: { deploymentLimit: deploymentLimit({ active: 2, collisionStrategy: 'CANCEL_NEW' }) },
    says: 'dropped',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'it has no state',
    from: ['none'],
    says: 'stateless',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'it is not running',
    from: but('none', 'RUNNING'),
    says: 'idle',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'it runs',
    from: ['RUNNING'],
    proposed: { details: { pause_key: 'k' } },
    says: 'pauses',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'the pause has fired before',
    from: ['RUNNING'],
    run: { policy: { pause_keys: ['k'] } },
    proposed: { details: { pause_key: 'k' } },
    says: 'fired',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'a sub-flow would suspend',
    from: ['RUNNING'],
    run: { ...ofDeployment, parentTaskRunId: 'parent-task' },
    proposed: { details: { pause_reschedule: true } },
    says: 'subflow',
  },
  {
    rule: flows.handlePausingFlows,
    when: 'a run without a deployment would suspend',
    from: ['RUNNING'],
    proposed: { details: { pause_reschedule: true } },
    says: 'nodeploy2',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'it can only go on or end',
    to: ['PENDING', 'PAUSED'],
    says: 'cannot',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'a suspended run has no process to stop',
    to: ['CANCELLING'],
    run: ofDeployment,
    state: { details: { pause_reschedule: true } },
    says: 'cannot',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'a pause in the process can be stopped',
    to: ['CANCELLING'],
    says: 'silent',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'it goes to the queue',
    to: ['SCHEDULED'],
    says: 'resumes',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'it goes on, or ends',
    to: ['RUNNING', ...ended],
    says: 'resumed',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'it was suspended and its deployment is gone',
    to: ['SCHEDULED', 'RUNNING', ...ended],
    state: { details: { pause_reschedule: true } },
    says: 'nodeploy3',
  },
  {
    rule: flows.handleResumingPausedFlows,
    when: 'it has waited too long',
    to: ['SCHEDULED', 'RUNNING', 'CANCELLING', ...ended],
    state: { details: { pause_timeout: formatInstant(inSeconds(-1)) } },
    says: 'expired',
  },
  {
    rule: flows.retryFailedFlows,
    when: 'an attempt is left',
    run: { policy: { retries: 1, retry_delay: 30 } },
    proposed: { message: 'boom' },
    says: 'retry',
  },
  {
    rule: flows.retryFailedFlows,
    when: 'none is left',
    run: { policy: { retries: 1, retry_type: 'in_process' }, runCount: 2 },
    says: 'exhausted',
  },
  {
    rule: flows.retryFailedFlows,
    when: 'its client leaves its failed tasks to the server',
    run: { policy: { retries: 1, retry_delay: 30 } },
    proposed: { message: 'boom' },
    facts: { client: { apiVersion: [0, 8, 0], clientVersion: '2.0.4' } },
    says: (from, to) => ({
      verdict: 'REJECT',
      reason: 'Retrying',
      written: { type: 'SCHEDULED', name: 'AwaitingRetry', message: `boom` },
      scheduledTime: from === 'RUNNING' && to === 'FAILED' ? '2026-08-21T12:00:30.000000Z' : '',
    }),
    effects: [{ type: 'reset-failed-tasks', scheduledMicros: inSeconds(30) }],
  },
  {
    rule: flows.releaseFlowConcurrencySlots,
    when: 'it holds a slot',
    state: lease,
    says: ok,
    effects: [{ type: 'release-deployment-slot', leaseId: 'lease-1' }],
  },
  {
    rule: flows.preventResultDataLoss,
    when: 'its result can be loaded',
    state: { data: result },
    says: 'loss',
  },

  {
    rule: followUps.watchPauses,
    when: 'the pause has an end',
    proposed: { details: { pause_timeout: lookedAt } },
    says: ok,
    effects: followUp('pause-timeout', 60),
  },
  {
    rule: followUps.watchCancellations,
    when: 'it is asked to stop',
    says: ok,
    effects: followUp('cancel-timeout', 300),
  },
  {
    rule: followUps.cancelChildren,
    when: 'it has begun',
    run: { startMicros: began },
    says: ok,
    effects: followUp('cancel-children', 0),
  },
  {
    rule: followUps.watchStartDeadline,
    when: 'it has to begin in time',
    run: { startMicros: null, expectedStartMicros: now, ...deadline({ start_within_seconds: 60 }) },
    // Expected already: the books leave that as it is.
    from: but('none'),
    says: ok,
    effects: followUp('deadline', 60),
  },
  {
    rule: followUps.watchStartDeadline,
    when: 'it is made, and has to begin in time',
    from: ['none'],
    run: deadline({ start_within_seconds: 60 }),
    proposed: { details: { scheduled_time: formatInstant(now) } },
    says: (_, to) => (to === 'SCHEDULED' ? { ...ok, scheduledTime: formatInstant(now) } : ok),
    effects: followUp('deadline', 60),
  },
  {
    rule: followUps.watchFinishDeadline,
    when: 'it begins, and has to end in time',
    to: ['RUNNING'],
    run: deadline({ finish_within_seconds: 60 }),
    says: ok,
    effects: followUp('deadline', 60),
    details: { finish_by: lookedAt },
  },
  {
    rule: followUps.watchFinishDeadline,
    when: 'it has not ended',
    from: unfinished,
    run: deadline({ finish_within_seconds: 60 }),
    state: { details: { finish_by: lookedAt } },
    says: ok,
    details: { finish_by: lookedAt },
  },
  {
    rule: followUps.watchFinishDeadline,
    when: 'it has not begun',
    from: ['none', ...ended],
    to: ['SCHEDULED', 'PENDING', 'PAUSED', 'CANCELLING'],
    run: deadline({ finish_within_seconds: 60 }),
    state: { details: { finish_by: lookedAt } },
    says: 'silent',
  },

  {
    rule: services.failOnlyExpiredPauses,
    when: 'it was resumed, or ended',
    from: but('PAUSED'),
    says: reject('The run is not paused.'),
  },
  {
    rule: services.failOnlyExpiredPauses,
    when: 'it was paused anew',
    from: ['PAUSED'],
    state: { details: { pause_timeout: lookedAt } },
    says: reject('The pause has not timed out.'),
  },
  {
    rule: services.cancelOnlyStuckCancellations,
    when: 'it was confirmed',
    from: but('CANCELLING'),
    says: reject('The run is not cancelling.'),
  },
  {
    rule: services.cancelOnlyStuckCancellations,
    when: 'it may still be confirmed',
    from: ['CANCELLING'],
    state: { atMicros: inSeconds(-299) },
    says: reject('The cancellation may still be confirmed.'),
  },
  {
    rule: services.cancelOnlyMissedDeadlines,
    when: 'it is over, or about to be',
    from: ['none', 'CANCELLING', ...ended],
    says: reject('The run is over, or about to be.'),
  },
  {
    rule: services.cancelOnlyMissedDeadlines,
    when: 'it began in time, or has no deadline',
    from: ['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED'],
    says: reject('No deadline of the run has passed.'),
  },
  {
    rule: services.cancelOnlyMissedDeadlines,
    when: 'it has not ended in time',
    from: ['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED'],
    run: deadline({ finish_within_seconds: 10 }),
    state: { details: { finish_by: formatInstant(now) } },
    says: {
      verdict: 'ACCEPT',
      written: {
        type: 'CANCELLING',
        name: 'Cancelling',
        message: `The run had to end by ${formatInstant(now)}, 10 s after it began.`,
      },
    },
  },
  {
    rule: services.cancelOnlyMissedDeadlines,
    when: 'it has not begun in time',
    from: ['SCHEDULED', 'PENDING'],
    run: { expectedStartMicros: entered, ...deadline({ start_within_seconds: 10 }) },
    says: {
      verdict: 'ACCEPT',
      written: {
        type: 'CANCELLING',
        name: 'Cancelling',
        message: `The run had to begin by ${formatInstant(now)}, 10 s after it was expected to.`,
      },
    },
  },
  {
    rule: services.hurryOnlyRunsThatWaitForSlots,
    when: 'it waits for no slot, or not any more',
    says: reject('The run does not wait for a slot of its deployment.'),
  },
  {
    rule: services.hurryOnlyRunsThatWaitForSlots,
    when: 'it waits for a slot',
    from: ['SCHEDULED'],
    state: { name: 'AwaitingConcurrencySlot' },
    says: 'silent',
  },
  {
    rule: flows.resumeOnlyPausedRuns,
    when: 'it is not paused, or not any more',
    from: but('PAUSED'),
    says: { verdict: 'ABORT', reason: 'Cannot resume a flow run that is not paused.' },
  },
  {
    rule: flows.resumeOnlyPausedRuns,
    when: 'it is paused',
    from: ['PAUSED'],
    says: 'silent',
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'somebody has it, or had it, or it ended',
    from: but('SCHEDULED'),
    says: reject('The run is not scheduled any more.'),
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'it is as its schedule made it',
    from: ['SCHEDULED'],
    says: 'silent',
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'it is late, and else as its schedule made it',
    from: ['SCHEDULED'],
    state: { name: 'Late' },
    says: 'silent',
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'it was started before',
    from: ['SCHEDULED'],
    run: { runCount: 1 },
    says: reject('The run is not as its schedule made it.'),
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'it was put off',
    from: ['SCHEDULED'],
    run: { expectedStartMicros: began },
    says: reject('The run is not as its schedule made it.'),
  },
  {
    rule: services.skipOnlyUntouchedRuns,
    when: 'it waits for a slot',
    from: ['SCHEDULED'],
    state: { name: 'AwaitingConcurrencySlot' },
    says: reject('The run is not as its schedule made it.'),
  },
  {
    rule: services.leaveEndedRunsAlone as Rule<FlowRunView>,
    when: 'it is over',
    says: reject('The run has ended already.'),
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'nobody executes it',
    from: ['none', 'SCHEDULED', 'PAUSED', ...ended],
    facts: { claim: silentClaim },
    says: reject('Nobody executes the run now.'),
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'a beat came in time',
    from: ['PENDING', 'RUNNING', 'CANCELLING'],
    facts: { claim: claim() },
    says: reject('The holder is alive.'),
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'its holder never beats',
    from: ['PENDING', 'RUNNING', 'CANCELLING'],
    facts: { claim: claim({ beatMicros: null, expiresMicros: null }) },
    says: reject('The holder sends no signs of life, so that silence says nothing.'),
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'nobody holds it',
    from: ['PENDING', 'RUNNING', 'CANCELLING'],
    says: reject('Nobody holds a claim of the run.'),
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'its holder is silent',
    from: ['PENDING', 'RUNNING'],
    facts: { claim: silentClaim },
    says: { verdict: 'ACCEPT', written: { type: 'CRASHED', name: 'Crashed', message: silence } },
    details: evidence,
  },
  {
    rule: services.crashOnlySilentRuns,
    when: 'its holder is silent, and was asked to stop it',
    from: ['CANCELLING'],
    facts: { claim: silentClaim },
    says: {
      verdict: 'REJECT',
      reason: 'It was asked to stop, and whoever ran it is gone.',
      written: { type: 'CANCELLED', name: 'Cancelled', message: silence },
    },
    details: evidence,
  },
  {
    rule: services.rescheduleLostRuns,
    when: 'its deployment wants it run again',
    run: { ...ofDeployment, policy: { on_lost: 'reschedule', times_lost: 1, retry_type: 'in_process' } },
    proposed: { message: 'Lost.' },
    says: {
      verdict: 'REJECT',
      reason: 'Lost runs of this kind are scheduled again.',
      written: { type: 'SCHEDULED', name: 'Rescheduled', message: 'Lost. Scheduled again (2 of 3).' },
      scheduledTime: formatInstant(now),
      policy: { times_lost: 2, retry_type: 'reschedule', resuming: false, pause_keys: [] },
    },
  },
  {
    rule: services.rescheduleLostRuns,
    when: 'it has not begun',
    from: ['PENDING'],
    run: { ...ofDeployment, policy: { on_lost: 'crash' } },
    proposed: { message: 'Lost.' },
    says: {
      verdict: 'REJECT',
      reason: 'Lost runs of this kind are scheduled again.',
      written: { type: 'SCHEDULED', name: 'Rescheduled', message: 'Lost. Scheduled again (1 of 3).' },
      scheduledTime: formatInstant(now),
      policy: { times_lost: 1, retry_type: 'reschedule', resuming: false, pause_keys: [] },
    },
  },
  {
    rule: services.rescheduleLostRuns,
    when: 'it has begun, and waits under its claim for the next attempt',
    from: ['PENDING'],
    run: { ...ofDeployment, policy: { on_lost: 'crash' } },
    state: { name: 'AwaitingRetry' },
    says: 'silent',
  },
  {
    rule: services.rescheduleLostRuns,
    when: 'it was lost too often',
    run: { ...ofDeployment, policy: { on_lost: 'reschedule', times_lost: 3 } },
    says: 'silent',
  },
]

/** Rules that flow runs and task runs share. */
export const sharedRuleRows: readonly RuleRow<never>[] = [
  {
    rule: shared.preventPendingTransitions,
    when: 'somebody has claimed it',
    says: 'claimed',
  },
  {
    rule: shared.preventPendingTransitions,
    when: 'its infrastructure tells how far it has come',
    from: ['PENDING'],
    state: { details: { scheduled_time: due, ...lease.details } },
    proposed: { name: 'Submitting' },
    says: { verdict: 'ACCEPT', name: 'Submitting', scheduledTime: due, lease: 'lease-1' },
  },
  {
    rule: shared.copyScheduledTime,
    when: 'it is claimed',
    says: { verdict: 'ACCEPT', scheduledTime: due },
  },
  {
    rule: shared.waitForScheduledTime,
    when: 'it is too early',
    state: { details: { scheduled_time: formatInstant(inSeconds(90)) } },
    says: 'wait',
  },
  {
    rule: shared.instrumentTransitions,
    when: 'anything is written',
    says: ok,
    effects: [{ type: 'emit-event' }],
  },
]

const running = { flowRun: flowRunFact('RUNNING') }

export const taskRuleRows: readonly RuleRow<TaskRunView>[] = [
  {
    rule: tasks.retrieveFromCache,
    when: 'a result is cached',
    proposed: { details: { cache_key: 'key' } },
    facts: { cached: propose('COMPLETED', { data: result }) },
    says: 'cached',
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'what is over is asked to stop',
    to: ['CANCELLING', 'PAUSED', 'CRASHED'],
    says: 'isover',
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'its result can be loaded',
    from: ['COMPLETED'],
    to: ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'],
    state: { data: result },
    says: 'finished',
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'it waits to run again',
    to: ['SCHEDULED', 'PENDING'],
    says: 'reset',
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'it runs again',
    to: ['RUNNING'],
    facts: running,
    says: { verdict: 'ACCEPT', name: 'Running', runCount: 1 },
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'its flow runs again',
    to: ['RUNNING'],
    facts: { flowRun: flowRunFact('RUNNING', 2) },
    says: 'flowretry',
  },
  {
    rule: tasks.handleTaskTerminalStateTransitions,
    when: 'it ended otherwise than was thought',
    from: ['FAILED', 'CRASHED', 'CANCELLED'],
    to: ['COMPLETED', 'FAILED', 'CANCELLED'],
    says: 'silent',
  },
  {
    rule: tasks.preventRunningTasksFromStoppedFlows,
    when: 'its flow has stopped',
    facts: { flowRun: flowRunFact('CANCELLING') },
    says: 'flowover',
  },
  {
    rule: tasks.preventRunningTasksFromStoppedFlows,
    when: 'its flow is paused',
    facts: { flowRun: flowRunFact('PAUSED', 1, { pause_timeout: lookedAt }) },
    says: 'notready',
    details: { pause_timeout: lookedAt, pause_reschedule: false },
  },
  {
    rule: tasks.secureTaskConcurrencySlots,
    when: 'a tag is full',
    facts: { tagLimits: [tagLimit({ active: 2 })] },
    says: 'full',
  },
  {
    rule: tasks.secureTaskConcurrencySlots,
    when: 'a tag is closed',
    facts: { tagLimits: [tagLimit({ limit: 0, active: 0 })] },
    says: 'deadlock',
  },
  {
    rule: tasks.secureTaskConcurrencySlots,
    when: 'there is room for each of its tags',
    facts: { tagLimits: [tagLimit(), tagLimit({ limitId: 'limit-2', heldByThisRun: true })] },
    says: ok,
    effects: [{ type: 'acquire-tag-slots', limitIds: ['limit-1'] }],
  },
  {
    rule: tasks.retryFailedTasks,
    when: 'an attempt is left',
    run: { policy: { retries: 1, retry_delay: [30, 60] } },
    proposed: { message: 'boom' },
    says: 'taskretry',
  },
  {
    rule: tasks.retryFailedTasks,
    when: 'its own code calls it hopeless',
    run: { policy: { retries: 1 } },
    proposed: { details: { retriable: false } },
    says: 'silent',
  },
  {
    rule: tasks.renameReruns,
    when: 'it ran before',
    run: { runCount: 1 },
    says: 'renamed',
  },
  {
    rule: tasks.renameReruns,
    when: 'it awaited its retry',
    run: { runCount: 1 },
    state: { name: 'AwaitingRetry' },
    from: stateTypes,
    says: 'retrying',
  },
  {
    rule: tasks.updateFlowRunTrackerOnTasks,
    when: 'its flow is in another attempt',
    facts: { flowRun: flowRunFact('RUNNING', 3) },
    says: ok,
    flowRunRunCount: 3,
  },
  {
    rule: tasks.insertIntoCache,
    when: 'it has a key',
    proposed: { details: { cache_key: 'key', cache_expiration: lookedAt } },
    says: ok,
    effects: [{ type: 'insert-cache', cacheKey: 'key', expiresMicros: inSeconds(60) }],
  },
  {
    rule: tasks.insertIntoCache,
    when: 'its key is too long',
    proposed: { details: { cache_key: 'k'.repeat(2001) } },
    says: 'longkey',
  },
  {
    rule: tasks.copyTaskParametersId,
    when: 'its parameters lie in storage',
    state: { details: { task_parameters_id: 'p-1' } },
    says: ok,
    details: { task_parameters_id: 'p-1' },
  },
  {
    rule: tasks.enqueueScheduledTasks,
    when: 'it is deferred',
    proposed: { details: { deferred: true, scheduled_time: due } },
    says: ok,
    effects: [{ type: 'enqueue-background-task', queue: 'scheduled' }],
  },
  {
    rule: tasks.enqueueScheduledTasks,
    when: 'it is deferred, and tried again',
    proposed: { name: 'AwaitingRetry', details: { deferred: true, scheduled_time: due } },
    says: ok,
    effects: [{ type: 'enqueue-background-task', queue: 'retry' }],
  },
  {
    rule: tasks.releaseTaskConcurrencySlots,
    when: 'it holds slots',
    facts: { tagLimits: [tagLimit({ heldByThisRun: true })] },
    says: ok,
    effects: [{ type: 'release-tag-slots' }],
  },
]
