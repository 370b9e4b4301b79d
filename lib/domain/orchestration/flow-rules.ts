import { isFinal, stateTypes } from '../state.ts'
import { formatInstant, parseInstant } from '../time.ts'
import {
  knowsPauses,
  renewsDeploymentLease,
  resetsItsFailedTasks,
  takesDeploymentSlotsItself,
} from './client-quirks.ts'
import { fromTypes } from './compile-policy.ts'
import type {
  DeploymentLimitFact,
  Effect,
  FlowRunView,
  FromType,
  Rule,
  RuleView,
  WorkPlaceFact,
} from './decide.ts'
import { hasPersistedData } from './result-data.ts'
import {
  awaitingRetry,
  finalTypes,
  hasRetriesLeft,
  isMissing,
  makeState,
  microsPerSecond,
  retryAtMicros,
  retryDelaySecondsOf,
  withDetails,
} from './shared-rules.ts'

type FlowRule = Rule<FlowRunView>

/** States in which a run holds a slot of its deployment. */
const holding: readonly FromType[] = ['PENDING', 'RUNNING', 'CANCELLING']
const notHolding = fromTypes.filter((type) => !holding.includes(type))

const leaseOf = ({ run }: RuleView<FlowRunView>): string | null =>
  run.state?.details.deployment_concurrency_lease_id ?? null

/** A worker that was given up, and comes back, must not disturb the one that has the run now. Clients that name no claim are taken at their word. */
export const refuseStaleClaims: FlowRule = {
  name: 'refuseStaleClaims',
  from: 'any',
  to: 'any',
  needs: [],
  judge: ({ run, proposed, facts: { claim } }) => {
    const token = proposed.details.claim_token
    if (isMissing(token) || token === run.claimToken) return
    const since = claim === null ? '' : ` since ${formatInstant(claim.claimedMicros)}`
    const holder =
      run.claimToken === null
        ? 'it was given back, and nobody has claimed it since'
        : claim === null
          ? 'it was claimed anew'
          : `it is held by ${claim.holderType}${claim.holderName === null ? '' : ` "${claim.holderName}"`}${since}`
    return {
      say: 'abort',
      reason: `The claim under which this was proposed may no longer move the run: ${holder}.`,
    }
  },
}

/** Clients do not send the lease back with the next state; the slot must not be lost on the way from claim to end. */
export const preserveDeploymentConcurrencyLeaseId: FlowRule = {
  name: 'preserveDeploymentConcurrencyLeaseId',
  from: stateTypes,
  to: 'any',
  needs: [],
  universal: true,
  judge: (view) => {
    const lease = leaseOf(view)
    if (lease === null || !isMissing(view.proposed.details.deployment_concurrency_lease_id)) return
    return {
      say: 'rewrite',
      reason: 'Keeps the lease of its deployment slot.',
      state: withDetails(view.proposed, { deployment_concurrency_lease_id: lease }),
    }
  },
}

/** Clients repeat a request whose answer was lost; the transition id makes the second one harmless. */
export const preventDuplicateTransitions: FlowRule = {
  name: 'preventDuplicateTransitions',
  from: stateTypes,
  to: 'any',
  needs: [],
  judge: ({ run, proposed }) => {
    const id = proposed.details.transition_id
    if (isMissing(id) || run.state?.details.transition_id !== id) return
    return { say: 'reject', reason: 'This run has already made this state transition.' }
  },
}

/** What is over is over, unless somebody runs it again; and nobody may, while its result can be loaded. */
export const handleFlowTerminalStateTransitions: FlowRule = {
  name: 'handleFlowTerminalStateTransitions',
  from: finalTypes,
  to: 'any',
  needs: [],
  judge: ({ run, proposed, facts, policy }) => {
    if (run.state === null) return
    const { type } = proposed
    if (type === 'CANCELLING' || type === 'PAUSED' || type === 'CRASHED') {
      return { say: 'abort', reason: `Run is already in terminal state ${run.state.type}.` }
    }
    if (run.state.type === 'COMPLETED' && hasPersistedData(run.state)) {
      const losesResult = type === 'COMPLETED' && !hasPersistedData(proposed)
      if (losesResult || !isFinal(type)) return { say: 'reject', reason: 'Run is already COMPLETED.' }
    }
    if (type === 'SCHEDULED' && run.deploymentId === null) {
      return { say: 'abort', reason: 'Cannot reschedule a run without an associated deployment.' }
    }
    if (isFinal(type) || !knowsPauses(facts.client)) return
    return {
      say: 'rewrite',
      reason: 'Runs again: forgets its pauses.',
      policy: {
        ...policy,
        resuming: false,
        pause_keys: [],
        // Workers pick up a rescheduled run; one that runs again by itself is nobody's to pick up.
        retry_type: type === 'SCHEDULED' ? 'reschedule' : null,
      },
    }
  },
}

/** Once asked to stop, a run can only stop; COMPLETED or CRASHED need force. */
export const enforceCancellingToCancelledTransition: FlowRule = {
  name: 'enforceCancellingToCancelledTransition',
  from: ['CANCELLING'],
  to: stateTypes.filter((type) => type !== 'CANCELLED'),
  needs: [],
  judge: () => ({
    say: 'reject',
    reason: 'Cannot transition flows that are cancelling to a state other than Cancelled.',
  }),
}

/** Where no process exists nobody would ever confirm the cancellation, so it is done at once. */
export const bypassCancellingFlowRunsWithNoInfra: FlowRule = {
  name: 'bypassCancellingFlowRunsWithNoInfra',
  from: ['SCHEDULED', 'PAUSED'],
  to: ['CANCELLING'],
  needs: [],
  judge: ({ run, proposed, policy }) => {
    if (run.state === null) return
    const { type, name, details } = run.state
    const nothingRuns =
      type === 'SCHEDULED'
        ? run.infrastructurePid === null || name === 'Resuming'
        : details.pause_reschedule === true
    if (!nothingRuns) return
    const reason = 'The run has no infrastructure that could be stopped; it was cancelled at once.'
    if (policy.retry_type !== 'in_process') {
      return { say: 'reject', reason, state: makeState('CANCELLED', 'Cancelled', proposed.message) }
    }
    return {
      say: 'reject',
      reason,
      state: makeState('CANCELLED', 'Cancelled', proposed.message, { cancelled_between_attempts: true }),
      // Left at `in_process`, a person's later retry would wait for a worker that skips it.
      policy: { ...policy, retry_type: null },
    }
  },
}

/** The process that waits for its next attempt learns only when it proposes it that the run was cancelled meanwhile. */
export const keepCancelledBetweenAttempts: FlowRule = {
  name: 'keepCancelledBetweenAttempts',
  from: ['CANCELLED'],
  to: ['RUNNING'],
  needs: [],
  judge: ({ run }) => {
    if (run.state?.details.cancelled_between_attempts !== true) return
    return { say: 'reject', reason: 'The run was cancelled while it waited for its next attempt.' }
  },
}

/** The slot was taken at the claim; while infrastructure started, the lease may have run out. */
export const validateDeploymentConcurrencyAtRunning: FlowRule = {
  name: 'validateDeploymentConcurrencyAtRunning',
  from: ['PENDING'],
  to: ['RUNNING'],
  needs: ['deploymentLimit'],
  judge: (view) => {
    const { proposed, facts } = view
    const limit = facts.deploymentLimit
    const leaseId = leaseOf(view)
    if (limit === null || leaseId === null || !renewsDeploymentLease(facts.client)) return
    if (limit.leaseAlive) {
      return {
        say: 'rewrite',
        reason: 'Renews the lease of its deployment slot.',
        effects: [{ type: 'renew-lease', leaseId, seconds: limit.gracePeriodSeconds }],
      }
    }
    if (limit.active >= limit.limit) {
      const reason = 'Deployment concurrency slot lost during provisioning, and no other is free.'
      return { say: 'reject', reason, state: makeState('CANCELLED', 'Cancelled', reason) }
    }
    return {
      say: 'rewrite',
      reason: 'The lease of its deployment slot had expired: takes another slot.',
      state: withDetails(proposed, { deployment_concurrency_lease_id: limit.freshLeaseId }),
      effects: [acquire(limit)],
    }
  },
}

const acquire = (limit: DeploymentLimitFact): Effect => ({
  type: 'acquire-deployment-slot',
  limitId: limit.limitId,
  leaseId: limit.freshLeaseId,
  leaseSeconds: limit.gracePeriodSeconds,
})

const secondsUntilNextTry = 30

/** A run takes its deployment's slot when it is claimed, or it is put back, or cancelled, as its deployment wishes. */
export const secureFlowConcurrencySlots: FlowRule = {
  name: 'secureFlowConcurrencySlots',
  from: notHolding,
  to: ['PENDING'],
  needs: ['deploymentLimit'],
  judge: ({ proposed, facts }) => {
    const limit = facts.deploymentLimit
    if (limit === null || takesDeploymentSlotsItself(facts.client)) return
    if (limit.limit === 0) {
      return { say: 'abort', reason: 'The deployment concurrency limit is 0: no run of it can start.' }
    }
    if (limit.active < limit.limit) {
      return {
        say: 'rewrite',
        reason: 'Takes a slot of its deployment.',
        state: withDetails(proposed, { deployment_concurrency_lease_id: limit.freshLeaseId }),
        effects: [acquire(limit)],
      }
    }
    const reason = 'Deployment concurrency limit reached.'
    switch (limit.collisionStrategy) {
      case 'ENQUEUE': {
        const scheduled_time = formatInstant(facts.nowMicros + secondsUntilNextTry * microsPerSecond)
        return {
          say: 'reject',
          reason,
          state: makeState('SCHEDULED', 'AwaitingConcurrencySlot', reason, { scheduled_time }),
        }
      }
      case 'CANCEL_NEW':
        return { say: 'reject', reason, state: makeState('CANCELLED', 'Cancelled', reason) }
      default:
        return limit.collisionStrategy satisfies never
    }
  },
}

/** Polls hand out no more runs than there are slots; of two polls that saw the same one free, the second is told here. The run waits on. */
export const enforceWorkSlots: FlowRule = {
  name: 'enforceWorkSlots',
  from: notHolding,
  to: ['PENDING'],
  needs: ['workSlots'],
  judge: ({ facts: { workSlots } }) => {
    if (workSlots === null) return
    for (const kind of ['pool', 'queue'] as const) {
      const place = workSlots[kind]
      if (place.limit === null || place.active < place.limit) continue
      return { say: 'reject', reason: `Work ${kind} "${place.name}" ${fullness(place)}.` }
    }
    return
  },
}

function fullness({ limit, active, holders }: WorkPlaceFact): string {
  if (limit === 0) return 'has a concurrency limit of 0'
  const named = holders.map(({ name }) => name)
  const others = active - named.length
  if (others > 0) named.push(named.length === 0 ? `${others} runs` : `${others} more`)
  return `is full: its concurrency limit of ${limit} is taken by ${named.join(', ')}`
}

/** A client that cannot renew would lose its slot in the middle of a long run. */
export const removeDeploymentConcurrencyLeaseForOldClientVersions: FlowRule = {
  name: 'removeDeploymentConcurrencyLeaseForOldClientVersions',
  from: ['PENDING'],
  to: ['RUNNING', 'CANCELLING'],
  needs: [],
  judge: (view) => {
    const leaseId = leaseOf(view)
    if (leaseId === null || renewsDeploymentLease(view.facts.client)) return
    return {
      say: 'rewrite',
      reason: 'The client cannot renew a lease: the slot is held until it is released.',
      effects: [{ type: 'pin-lease', leaseId }],
    }
  },
}

/** The late-runs service reads first and writes later; meanwhile the run may have been claimed. */
export const ensureOnlyScheduledFlowsMarkedLate: FlowRule = {
  name: 'ensureOnlyScheduledFlowsMarkedLate',
  from: 'any',
  to: ['SCHEDULED'],
  needs: [],
  judge: ({ run, proposed }) => {
    if (proposed.name !== 'Late') return
    if (run.state?.type !== 'SCHEDULED') {
      return { say: 'reject', reason: 'Only scheduled flow runs can be marked late.' }
    }
    if (run.state.name === 'Late') return { say: 'reject', reason: 'This flow run is already marked late.' }
    return
  },
}

/** A late run whose deployment does not queue is not worth keeping when there is no slot. */
export const enforceDeploymentConcurrencyOnLate: FlowRule = {
  name: 'enforceDeploymentConcurrencyOnLate',
  from: ['SCHEDULED'],
  to: ['SCHEDULED'],
  needs: ['deploymentLimit'],
  judge: ({ facts }) => {
    const limit = facts.deploymentLimit
    if (limit === null || limit.collisionStrategy !== 'CANCEL_NEW' || limit.active < limit.limit) return
    const reason = 'Deployment concurrency limit reached.'
    return { say: 'reject', reason, state: makeState('CANCELLED', 'Cancelled', reason) }
  },
}

const verbOf = (details: { readonly pause_reschedule?: boolean }): 'suspend' | 'pause' =>
  details.pause_reschedule === true ? 'suspend' : 'pause'

/** Only a running flow can pause, and each pause in its code pauses once, however often the code is run again. */
export const handlePausingFlows: FlowRule = {
  name: 'handlePausingFlows',
  from: 'any',
  to: ['PAUSED'],
  needs: [],
  judge: ({ run, proposed, facts, policy }) => {
    const verb = verbOf(proposed.details)
    if (run.state === null) return { say: 'abort', reason: `Cannot ${verb} flows with no state.` }
    if (run.state.type !== 'RUNNING') {
      return { say: 'reject', reason: `Cannot ${verb} flows that are not currently running.` }
    }
    const key = proposed.details.pause_key
    const fired = policy.pause_keys ?? []
    if (!isMissing(key) && fired.includes(key)) {
      return { say: 'reject', reason: `This ${verb} has already fired.` }
    }
    if (verb === 'suspend') {
      if (run.parentTaskRunId !== null) return { say: 'abort', reason: 'Cannot suspend subflows.' }
      if (run.deploymentId === null) {
        return { say: 'abort', reason: 'Cannot suspend flows without a deployment.' }
      }
    }
    if (!knowsPauses(facts.client)) return
    // A pause without a key is always a new one. Timestamps of a run's states are unique, so this key is.
    const fresh = `unnamed-${Math.max(facts.nowMicros, run.state.atMicros + 1)}`
    return {
      say: 'rewrite',
      reason: `Remembers that this ${verb} has fired.`,
      policy: { ...policy, pause_keys: [...fired, key ?? fresh] },
    }
  },
}

export const notPaused = 'Cannot resume a flow run that is not paused.'

/** Of several who resume a run at once one does: it runs for the others, and must not begin another attempt. */
export const resumeOnlyPausedRuns: FlowRule = {
  name: 'resumeOnlyPausedRuns',
  from: 'any',
  to: 'any',
  needs: [],
  judge: ({ run }) => (run.state?.type === 'PAUSED' ? undefined : { say: 'abort', reason: notPaused }),
}

/** A paused run goes on, ends, or has waited too long. What it goes on with is the same attempt, so it is marked as resuming. */
export const handleResumingPausedFlows: FlowRule = {
  name: 'handleResumingPausedFlows',
  from: ['PAUSED'],
  to: 'any',
  needs: [],
  judge: ({ run, proposed, facts, policy }) => {
    if (run.state === null) return
    const { type } = proposed
    // A pause in the process has a process, which can be stopped.
    const stops = type === 'CANCELLING' && run.state.details.pause_reschedule !== true
    if (type !== 'RUNNING' && type !== 'SCHEDULED' && !isFinal(type) && !stops) {
      return {
        say: 'reject',
        reason: `This run cannot transition to the ${type} state from the ${run.state.type} state.`,
      }
    }
    const { details, name } = run.state
    if (details.pause_reschedule === true && run.deploymentId === null) {
      return { say: 'reject', reason: 'Cannot reschedule a paused flow run without a deployment.' }
    }
    const timeout = isMissing(details.pause_timeout) ? undefined : parseInstant(details.pause_timeout)
    if (timeout !== undefined && timeout < facts.nowMicros) {
      return {
        say: 'reject',
        reason: 'The flow run pause has timed out and can no longer resume.',
        state: makeState('FAILED', 'Failed', `The flow was ${name.toLowerCase()} and never resumed.`),
      }
    }
    if (stops || !knowsPauses(facts.client)) return
    return { say: 'rewrite', reason: 'Resumes.', policy: { ...policy, resuming: true } }
  },
}

/** A failed run with attempts left waits for the next one in its own process; workers leave it alone. */
export const retryFailedFlows: FlowRule = {
  name: 'retryFailedFlows',
  from: ['RUNNING'],
  to: ['FAILED'],
  needs: [],
  judge: ({ proposed, facts, policy, runCount }) => {
    const modern = knowsPauses(facts.client)
    if (!hasRetriesLeft(policy, runCount)) {
      // Left at `in_process`, a person's later retry would wait for a worker that skips it.
      if (!modern || isMissing(policy.retry_type)) return
      return { say: 'rewrite', reason: 'No retries left.', policy: { ...policy, retry_type: null } }
    }
    const scheduledMicros = retryAtMicros(facts.nowMicros, retryDelaySecondsOf(policy, runCount))
    return {
      say: 'reject',
      reason: 'Retrying',
      state: awaitingRetry(proposed, scheduledMicros),
      ...(modern && { policy: { ...policy, resuming: false, pause_keys: [], retry_type: 'in_process' } }),
      ...(!resetsItsFailedTasks(facts.client) && {
        effects: [{ type: 'reset-failed-tasks', scheduledMicros }],
      }),
    }
  },
}

/** A run that stops occupying its deployment gives the slot back, however it got out. */
export const releaseFlowConcurrencySlots: FlowRule = {
  name: 'releaseFlowConcurrencySlots',
  from: holding,
  to: stateTypes.filter((type) => !holding.includes(type)),
  needs: ['deploymentLimit'],
  universal: true,
  judge: (view) => {
    const leaseId = leaseOf(view)
    if (leaseId === null && view.facts.deploymentLimit === null) return
    return {
      say: 'rewrite',
      reason: 'Gives back the slot of its deployment.',
      effects: [{ type: 'release-deployment-slot', leaseId }],
    }
  },
}

/** Even by force a result that can be loaded is not replaced by none. */
export const preventResultDataLoss: FlowRule = {
  name: 'preventResultDataLoss',
  from: ['COMPLETED'],
  to: ['COMPLETED'],
  needs: [],
  judge: ({ run, proposed }) => {
    if (run.state === null || !hasPersistedData(run.state) || hasPersistedData(proposed)) return
    return { say: 'reject', reason: 'Run is already COMPLETED, and its result would be lost.' }
  },
}
