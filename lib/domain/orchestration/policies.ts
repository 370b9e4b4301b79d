import type { FlowRunView, Policy, TaskRunView } from './decide.ts'
import * as flows from './flow-rules.ts'
import * as followUps from './follow-up-rules.ts'
import * as services from './service-rules.ts'
import {
  copyScheduledTime,
  instrumentTransitions,
  preventPendingTransitions,
  waitForScheduledTime,
} from './shared-rules.ts'
import * as tasks from './task-rules.ts'

/** Last in every policy of flow runs: they speak about the state that will be written, whoever put it there. */
const afterwards: Policy<FlowRunView> = [
  instrumentTransitions,
  flows.releaseFlowConcurrencySlots,
  followUps.watchPauses,
  followUps.watchCancellations,
  followUps.cancelChildren,
  followUps.watchStartDeadline,
  followUps.watchFinishDeadline,
]

/** A flow run's state as its client, a worker or a person proposes it. */
export const coreFlowPolicy: Policy<FlowRunView> = [
  // First: who has lost the run is told nothing else about it.
  flows.refuseStaleClaims,
  flows.preserveDeploymentConcurrencyLeaseId,
  // Before all that could refuse: a repeated request deserves the answer "done", not one judged from the state it made.
  flows.preventDuplicateTransitions,
  // Before the terminal rule, which lets ended runs run again.
  flows.keepCancelledBetweenAttempts,
  flows.handleFlowTerminalStateTransitions,
  // Before the claim and the pauses: who is cancelling is told so, whatever else stands in the way.
  flows.enforceCancellingToCancelledTransition,
  flows.bypassCancellingFlowRunsWithNoInfra,
  // The claim lock comes before the slot, so that the loser of a race takes none.
  preventPendingTransitions,
  // Before the deployment's slot: a run that stays where it is takes none.
  flows.enforceWorkSlots,
  flows.validateDeploymentConcurrencyAtRunning,
  flows.secureFlowConcurrencySlots,
  flows.removeDeploymentConcurrencyLeaseForOldClientVersions,
  flows.ensureOnlyScheduledFlowsMarkedLate,
  // Pausing first: PAUSED → PAUSED is told that it is not running, not that it cannot resume.
  flows.handlePausingFlows,
  flows.handleResumingPausedFlows,
  copyScheduledTime,
  waitForScheduledTime,
  flows.retryFailedFlows,
  ...afterwards,
]

/** By force, at creation, and when a service moves a run: no judgement, but the books stay right. */
export const minimalFlowPolicy: Policy<FlowRunView> = [
  flows.preventResultDataLoss,
  flows.bypassCancellingFlowRunsWithNoInfra,
  ...afterwards,
]

/** When somebody resumes a run. */
const resumeFlowPolicy: Policy<FlowRunView> = [flows.resumeOnlyPausedRuns, ...coreFlowPolicy]

/**
 * What an agent reports has happened already, where the run runs: nothing is left to hold back, so only ended runs refuse.
 * A run that was asked to stop and completed all the same is Completed: states are true.
 */
export const reportedFlowPolicy: Policy<FlowRunView> = [
  flows.refuseStaleClaims,
  flows.preserveDeploymentConcurrencyLeaseId,
  flows.preventDuplicateTransitions,
  flows.handleFlowTerminalStateTransitions,
  // An agent's claim is its sign of life: the slot is held for as long as the run is.
  flows.removeDeploymentConcurrencyLeaseForOldClientVersions,
  ...afterwards,
]

/** The late-runs service. */
export const markLateRunsPolicy: Policy<FlowRunView> = [
  // First: a run that was claimed meanwhile must not be cancelled for want of the slot that it holds.
  flows.ensureOnlyScheduledFlowsMarkedLate,
  flows.enforceDeploymentConcurrencyOnLate,
  ...afterwards,
]

/** The service that ends pauses which nobody resumed. */
const pauseTimeoutPolicy: Policy<FlowRunView> = [services.failOnlyExpiredPauses, ...afterwards]

/** The service that ends cancellations which nobody confirmed. */
const cancelTimeoutPolicy: Policy<FlowRunView> = [services.cancelOnlyStuckCancellations, ...afterwards]

/** The service that stops runs which did not begin, or end, in time. */
const deadlinePolicy: Policy<FlowRunView> = [
  services.cancelOnlyMissedDeadlines,
  // After the deadline: what has no process is cancelled at once.
  flows.bypassCancellingFlowRunsWithNoInfra,
  ...afterwards,
]

/** The service that finds runs whose holder is silent. */
const zombiePolicy: Policy<FlowRunView> = [
  services.crashOnlySilentRuns,
  // Second: only what is lost may be scheduled again.
  services.rescheduleLostRuns,
  ...afterwards,
]

/** The service that stops what a cancelled run had started. */
const cascadePolicy: Policy<FlowRunView> = [
  services.leaveEndedRunsAlone,
  flows.bypassCancellingFlowRunsWithNoInfra,
  ...afterwards,
]

/** The scheduler, of runs that a schedule's catch-up policy does not want after an outage. */
const missedPolicy: Policy<FlowRunView> = [services.skipOnlyUntouchedRuns, ...afterwards]

/** When a slot of a deployment comes free. */
const slotFreePolicy: Policy<FlowRunView> = [services.hurryOnlyRunsThatWaitForSlots, ...afterwards]

/** By name, as a proposal names the policy that is to judge it. */
export const flowPolicies = {
  core: coreFlowPolicy,
  resume: resumeFlowPolicy,
  minimal: minimalFlowPolicy,
  reported: reportedFlowPolicy,
  late: markLateRunsPolicy,
  'pause-timeout': pauseTimeoutPolicy,
  'cancel-timeout': cancelTimeoutPolicy,
  deadline: deadlinePolicy,
  zombie: zombiePolicy,
  cascade: cascadePolicy,
  'slot-free': slotFreePolicy,
  missed: missedPolicy,
} as const
export type FlowPolicyName = keyof typeof flowPolicies

/** Task runs of clients that ask the server (2.x). */
export const coreTaskPolicy: Policy<TaskRunView> = [
  // First: what is cached needs no running flow, no slot and no attempt.
  tasks.retrieveFromCache,
  // Before renaming: a task that runs again after its end starts at attempt 0, so that it is called Running.
  tasks.handleTaskTerminalStateTransitions,
  tasks.preventRunningTasksFromStoppedFlows,
  tasks.secureTaskConcurrencySlots,
  copyScheduledTime,
  // After the slot: nothing is taken, since a rule that says wait undoes what came before.
  waitForScheduledTime,
  tasks.retryFailedTasks,
  tasks.renameReruns,
  tasks.updateFlowRunTrackerOnTasks,
  tasks.insertIntoCache,
  // Last, as with flows.
  instrumentTransitions,
  tasks.releaseTaskConcurrencySlots,
]

/** The same for clients that take their tags' slots themselves. */
export const clientSideTaskPolicy: Policy<TaskRunView> = coreTaskPolicy.filter(
  (rule) => rule !== tasks.secureTaskConcurrencySlots,
)

/** Deferred task runs: handed out to task workers, so that a claim must be exclusive; there may be no flow around them. */
export const backgroundTaskPolicy: Policy<TaskRunView> = [
  // First: of two workers only one may go on to anything else.
  preventPendingTransitions,
  tasks.retrieveFromCache,
  tasks.handleTaskTerminalStateTransitions,
  copyScheduledTime,
  tasks.copyTaskParametersId,
  waitForScheduledTime,
  tasks.retryFailedTasks,
  tasks.renameReruns,
  tasks.updateFlowRunTrackerOnTasks,
  tasks.insertIntoCache,
  instrumentTransitions,
  tasks.releaseTaskConcurrencySlots,
  tasks.enqueueScheduledTasks,
]

/** By force, at creation, and as the mirror of a sub-flow. */
export const minimalTaskPolicy: Policy<TaskRunView> = [
  instrumentTransitions,
  tasks.releaseTaskConcurrencySlots,
]

/** A cancelled flow run's task runs. */
const cascadeTaskPolicy: Policy<TaskRunView> = [
  services.leaveEndedRunsAlone,
  instrumentTransitions,
  tasks.releaseTaskConcurrencySlots,
]

/** By name; a deferred task run is judged by `backgroundTaskPolicy` whatever its proposal names. */
export const taskPolicies = {
  core: coreTaskPolicy,
  minimal: minimalTaskPolicy,
  cascade: cascadeTaskPolicy,
} as const
export type TaskPolicyName = keyof typeof taskPolicies
