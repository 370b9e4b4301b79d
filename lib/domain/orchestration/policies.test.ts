import { expect, test } from 'vitest'
import type { Policy } from './decide.ts'
import { backgroundTaskPolicy, clientSideTaskPolicy, flowPolicies, taskPolicies } from './policies.ts'

const policies: Readonly<Record<string, Policy<never>>> = {
  ...Object.fromEntries(Object.entries(flowPolicies).map(([name, policy]) => [`flow: ${name}`, policy])),
  ...Object.fromEntries(Object.entries(taskPolicies).map(([name, policy]) => [`task: ${name}`, policy])),
  'task: background': backgroundTaskPolicy,
  'task: client side': clientSideTaskPolicy,
}

/** Order is behaviour, also where no single transition shows it: it is stated here a second time, so that moving a rule is a decision. */
const afterwards = `instrumentTransitions releaseFlowConcurrencySlots watchPauses watchCancellations cancelChildren
    watchStartDeadline watchFinishDeadline`
const core = `
    refuseStaleClaims preserveDeploymentConcurrencyLeaseId preventDuplicateTransitions keepCancelledBetweenAttempts
    handleFlowTerminalStateTransitions enforceCancellingToCancelledTransition bypassCancellingFlowRunsWithNoInfra
    preventPendingTransitions enforceWorkSlots validateDeploymentConcurrencyAtRunning secureFlowConcurrencySlots
    removeDeploymentConcurrencyLeaseForOldClientVersions ensureOnlyScheduledFlowsMarkedLate handlePausingFlows
    handleResumingPausedFlows copyScheduledTime waitForScheduledTime retryFailedFlows ${afterwards}`
const orders: Readonly<Record<string, string>> = {
  'flow: core': core,
  'flow: resume': `resumeOnlyPausedRuns ${core}`,
  'flow: minimal': `preventResultDataLoss bypassCancellingFlowRunsWithNoInfra ${afterwards}`,
  'flow: reported': `
    refuseStaleClaims preserveDeploymentConcurrencyLeaseId preventDuplicateTransitions handleFlowTerminalStateTransitions
    removeDeploymentConcurrencyLeaseForOldClientVersions ${afterwards}`,
  'flow: late': `ensureOnlyScheduledFlowsMarkedLate enforceDeploymentConcurrencyOnLate ${afterwards}`,
  'flow: pause-timeout': `failOnlyExpiredPauses ${afterwards}`,
  'flow: cancel-timeout': `cancelOnlyStuckCancellations ${afterwards}`,
  'flow: deadline': `cancelOnlyMissedDeadlines bypassCancellingFlowRunsWithNoInfra ${afterwards}`,
  'flow: zombie': `crashOnlySilentRuns rescheduleLostRuns ${afterwards}`,
  'flow: cascade': `leaveEndedRunsAlone bypassCancellingFlowRunsWithNoInfra ${afterwards}`,
  'flow: slot-free': `hurryOnlyRunsThatWaitForSlots ${afterwards}`,
  'flow: missed': `skipOnlyUntouchedRuns ${afterwards}`,
  'task: core': `
    retrieveFromCache handleTaskTerminalStateTransitions preventRunningTasksFromStoppedFlows
    secureTaskConcurrencySlots copyScheduledTime waitForScheduledTime retryFailedTasks renameReruns
    updateFlowRunTrackerOnTasks insertIntoCache instrumentTransitions releaseTaskConcurrencySlots`,
  'task: client side': `
    retrieveFromCache handleTaskTerminalStateTransitions preventRunningTasksFromStoppedFlows copyScheduledTime
    waitForScheduledTime retryFailedTasks renameReruns updateFlowRunTrackerOnTasks insertIntoCache
    instrumentTransitions releaseTaskConcurrencySlots`,
  'task: background': `
    preventPendingTransitions retrieveFromCache handleTaskTerminalStateTransitions copyScheduledTime
    copyTaskParametersId waitForScheduledTime retryFailedTasks renameReruns updateFlowRunTrackerOnTasks
    insertIntoCache instrumentTransitions releaseTaskConcurrencySlots enqueueScheduledTasks`,
  'task: minimal': 'instrumentTransitions releaseTaskConcurrencySlots',
  'task: cascade': 'leaveEndedRunsAlone instrumentTransitions releaseTaskConcurrencySlots',
}

test('every policy has its order stated', () => {
  expect(Object.keys(policies).sort()).toEqual(Object.keys(orders).sort())
})

test.each(Object.entries(policies))('%s asks its rules in this order', (name, policy) => {
  const order = orders[name] ?? ''
  expect(policy.map((rule) => rule.name)).toEqual(order.trim().split(/\s+/))
})

test('universal rules only add: no policy lets one of them refuse', () => {
  const universal = new Set(
    Object.values(policies)
      .flat()
      .filter((rule) => rule.universal === true)
      .map((rule) => rule.name),
  )
  expect([...universal].sort()).toEqual([
    'cancelChildren',
    'instrumentTransitions',
    'preserveDeploymentConcurrencyLeaseId',
    'releaseFlowConcurrencySlots',
    'releaseTaskConcurrencySlots',
    'watchCancellations',
    'watchFinishDeadline',
    'watchPauses',
    'watchStartDeadline',
  ])
})
