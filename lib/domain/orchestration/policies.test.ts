import { expect, test } from 'vitest'
import * as policies from './policies.ts'

/** Order is behaviour, also where no single transition shows it: it is stated here a second time, so that moving a rule is a decision. */
const orders = {
  coreFlowPolicy: `
    preserveDeploymentConcurrencyLeaseId preventDuplicateTransitions handleFlowTerminalStateTransitions
    enforceCancellingToCancelledTransition bypassCancellingFlowRunsWithNoInfra preventPendingTransitions
    validateDeploymentConcurrencyAtRunning secureFlowConcurrencySlots
    removeDeploymentConcurrencyLeaseForOldClientVersions ensureOnlyScheduledFlowsMarkedLate handlePausingFlows
    handleResumingPausedFlows copyScheduledTime waitForScheduledTime retryFailedFlows instrumentTransitions
    releaseFlowConcurrencySlots`,
  minimalFlowPolicy: `
    preventResultDataLoss bypassCancellingFlowRunsWithNoInfra instrumentTransitions releaseFlowConcurrencySlots`,
  reportedFlowPolicy: `
    preserveDeploymentConcurrencyLeaseId preventDuplicateTransitions handleFlowTerminalStateTransitions
    instrumentTransitions releaseFlowConcurrencySlots`,
  markLateRunsPolicy: `
    ensureOnlyScheduledFlowsMarkedLate enforceDeploymentConcurrencyOnLate instrumentTransitions`,
  coreTaskPolicy: `
    retrieveFromCache handleTaskTerminalStateTransitions preventRunningTasksFromStoppedFlows
    secureTaskConcurrencySlots copyScheduledTime waitForScheduledTime retryFailedTasks renameReruns
    updateFlowRunTrackerOnTasks insertIntoCache instrumentTransitions releaseTaskConcurrencySlots`,
  clientSideTaskPolicy: `
    retrieveFromCache handleTaskTerminalStateTransitions preventRunningTasksFromStoppedFlows copyScheduledTime
    waitForScheduledTime retryFailedTasks renameReruns updateFlowRunTrackerOnTasks insertIntoCache
    instrumentTransitions releaseTaskConcurrencySlots`,
  backgroundTaskPolicy: `
    preventPendingTransitions retrieveFromCache handleTaskTerminalStateTransitions copyScheduledTime
    copyTaskParametersId waitForScheduledTime retryFailedTasks renameReruns updateFlowRunTrackerOnTasks
    insertIntoCache instrumentTransitions releaseTaskConcurrencySlots enqueueScheduledTasks`,
  minimalTaskPolicy: 'instrumentTransitions releaseTaskConcurrencySlots',
} as const satisfies Record<keyof typeof policies, string>

test.each(Object.entries(policies))('%s asks its rules in this order', (name, policy) => {
  const order: string = orders[name as keyof typeof orders]
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
    'instrumentTransitions',
    'preserveDeploymentConcurrencyLeaseId',
    'releaseFlowConcurrencySlots',
    'releaseTaskConcurrencySlots',
  ])
})
