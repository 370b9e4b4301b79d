import { isFinal, stateTypes } from '../state.ts'
import { parseInstant } from '../time.ts'
import type { Effect, Rule, TaskRunView } from './decide.ts'
import { hasPersistedData } from './result-data.ts'
import {
  awaitingRetry,
  finalTypes,
  hasRetriesLeft,
  isMissing,
  makeState,
  retryAtMicros,
  retryDelaySecondsOf,
  withDetails,
} from './shared-rules.ts'

type TaskRule = Rule<TaskRunView>

/** Work that was done under this key is not done again. */
export const retrieveFromCache: TaskRule = {
  name: 'retrieveFromCache',
  from: 'any',
  to: ['RUNNING'],
  needs: ['cached'],
  judge: ({ proposed, facts }) => {
    const { cache_key, refresh_cache } = proposed.details
    if (facts.cached === null || isMissing(cache_key) || cache_key === '' || refresh_cache === true) return
    const { transition_id: _, ...details } = facts.cached.details
    return {
      say: 'reject',
      reason: 'A result is cached under this key.',
      state: { ...facts.cached, name: 'Cached', details },
    }
  },
}

/** A finished task stays finished while its result can be loaded; else it may run again, with all of its retries. */
export const handleTaskTerminalStateTransitions: TaskRule = {
  name: 'handleTaskTerminalStateTransitions',
  from: finalTypes,
  to: 'any',
  needs: ['flowRun'],
  judge: ({ run, proposed, facts }) => {
    if (run.state === null) return
    const { type } = proposed
    if (type === 'CANCELLING' || type === 'PAUSED' || type === 'CRASHED') {
      return { say: 'abort', reason: `Run is already ${run.state.type}.` }
    }
    if (run.state.type === 'COMPLETED' && hasPersistedData(run.state)) {
      return { say: 'reject', reason: 'This run is already completed.' }
    }
    if (isFinal(type)) return
    const flowRetries =
      type === 'RUNNING' && facts.flowRun !== null && run.flowRunRunCount < facts.flowRun.runCount
    return {
      say: 'rewrite',
      reason: 'Runs again: counts its attempts from the start.',
      runCount: 0,
      ...(flowRetries && { state: { ...proposed, name: 'Retrying' } }),
    }
  },
}

/** A task belongs to a running flow: it waits while the flow is paused, and does not start when the flow has stopped. */
export const preventRunningTasksFromStoppedFlows: TaskRule = {
  name: 'preventRunningTasksFromStoppedFlows',
  from: 'any',
  to: ['RUNNING'],
  needs: ['flowRun'],
  judge: ({ facts }) => {
    if (facts.flowRun === null) return
    const { state } = facts.flowRun
    if (state?.type === 'RUNNING') return
    if (state?.type !== 'PAUSED') {
      return { say: 'abort', reason: 'The enclosing flow must be running to begin task execution.' }
    }
    const { pause_timeout, pause_reschedule } = state.details
    return {
      say: 'reject',
      reason: 'The flow is paused; its tasks can run when it is resumed.',
      state: makeState('PAUSED', 'NotReady', '', {
        pause_timeout: pause_timeout ?? null,
        pause_reschedule: pause_reschedule ?? false,
      }),
    }
  },
}

const longestWaitSeconds = 10

/** A task needs a slot of every limit that its tags meet, all at once: holding one while waiting for another could deadlock. */
export const secureTaskConcurrencySlots: TaskRule = {
  name: 'secureTaskConcurrencySlots',
  from: 'any',
  to: ['RUNNING'],
  needs: ['tagLimits'],
  judge: ({ facts: { tagLimits } }) => {
    if (tagLimits.length === 0) return
    const missing = tagLimits.filter((limit) => !limit.heldByThisRun)
    const closed = missing.find(({ limit }) => limit === 0)
    if (closed !== undefined) {
      return {
        say: 'abort',
        reason: `The concurrency limit on tag "${closed.tag}" is 0: the task would wait for ever (deadlock).`,
      }
    }
    const full = missing.find(({ active, limit }) => active >= limit)
    if (full !== undefined) {
      const occupancy = full.averageOccupancySeconds || longestWaitSeconds
      return {
        say: 'wait',
        reason: `Concurrency limit for the tag "${full.tag}" has been reached`,
        delaySeconds: Math.max(1, Math.round(Math.min(occupancy, longestWaitSeconds))),
      }
    }
    if (missing.length === 0) return
    return {
      say: 'rewrite',
      reason: 'Takes a slot for each of its tags.',
      effects: [{ type: 'acquire-tag-slots', limitIds: missing.map(({ limitId }) => limitId) }],
    }
  },
}

/** A failed task with attempts left waits for the next one, unless its own code said that trying again is useless. */
export const retryFailedTasks: TaskRule = {
  name: 'retryFailedTasks',
  from: ['RUNNING'],
  to: ['FAILED'],
  needs: [],
  judge: ({ proposed, facts, policy, runCount }) => {
    if (proposed.details.retriable === false || !hasRetriesLeft(policy, runCount)) return
    const base = retryDelaySecondsOf(policy, runCount)
    // Spread over ± the factor, so that tasks which failed together do not come back together.
    const jitter = 1 + (policy.retry_jitter_factor ?? 0) * (2 * facts.dice - 1)
    const delaySeconds = base * Math.max(0, jitter)
    return {
      say: 'reject',
      reason: 'Retrying',
      state: awaitingRetry(proposed, retryAtMicros(facts.nowMicros, delaySeconds)),
    }
  },
}

/** From the name of a state a reader sees that this is not the first attempt. */
export const renameReruns: TaskRule = {
  name: 'renameReruns',
  from: 'any',
  to: ['RUNNING'],
  needs: [],
  judge: ({ run, proposed, runCount }) => {
    if (runCount === 0) return
    const name = run.state?.name === 'AwaitingRetry' ? 'Retrying' : 'Rerunning'
    return { say: 'rewrite', reason: 'Not its first attempt.', state: { ...proposed, name } }
  },
}

/** Remembers in which attempt of its flow the task ran, so that the flow's next attempt can be told from it. */
export const updateFlowRunTrackerOnTasks: TaskRule = {
  name: 'updateFlowRunTrackerOnTasks',
  from: 'any',
  to: ['RUNNING'],
  needs: ['flowRun'],
  judge: ({ run, facts }) => {
    if (facts.flowRun === null || facts.flowRun.runCount === run.flowRunRunCount) return
    return {
      say: 'rewrite',
      reason: 'Belongs to the present attempt of its flow.',
      flowRunRunCount: facts.flowRun.runCount,
    }
  },
}

const longestCacheKey = 2000

/** What completed under a key is found under it from now on. */
export const insertIntoCache: TaskRule = {
  name: 'insertIntoCache',
  from: 'any',
  to: ['COMPLETED'],
  needs: [],
  judge: ({ proposed }) => {
    const { cache_key, cache_expiration } = proposed.details
    if (isMissing(cache_key) || cache_key === '') return
    if (cache_key.length > longestCacheKey) {
      return {
        say: 'reject',
        reason: `The cache key is ${cache_key.length} characters long; at most ${longestCacheKey} are allowed.`,
      }
    }
    const expiresMicros = isMissing(cache_expiration) ? null : (parseInstant(cache_expiration) ?? null)
    return {
      say: 'rewrite',
      reason: 'Cached for later runs.',
      effects: [{ type: 'insert-cache', cacheKey: cache_key, expiresMicros }],
    }
  },
}

/** The parameters of a background task lie in storage; the worker that gets the run finds them by this id. */
export const copyTaskParametersId: TaskRule = {
  name: 'copyTaskParametersId',
  from: ['SCHEDULED', 'PENDING'],
  to: ['PENDING', 'RUNNING'],
  needs: [],
  judge: ({ run, proposed }) => {
    const id = run.state?.details.task_parameters_id
    if (isMissing(id) || !isMissing(proposed.details.task_parameters_id)) return
    return {
      say: 'rewrite',
      reason: 'Keeps the id of its parameters.',
      state: withDetails(proposed, { task_parameters_id: id }),
    }
  },
}

const enqueue = (queue: 'scheduled' | 'retry'): readonly Effect[] => [
  { type: 'enqueue-background-task', queue },
]

/** A deferred task goes to whichever task worker asks next; one that is tried again goes first. */
export const enqueueScheduledTasks: TaskRule = {
  name: 'enqueueScheduledTasks',
  from: 'any',
  to: ['SCHEDULED'],
  needs: [],
  judge: ({ proposed }) => {
    if (proposed.details.deferred !== true) return
    return {
      say: 'rewrite',
      reason: 'Queued for a task worker.',
      effects: enqueue(proposed.name === 'AwaitingRetry' ? 'retry' : 'scheduled'),
    }
  },
}

/** A task that is not running, nor being cancelled, gives its slots back, also when it never came to run. */
export const releaseTaskConcurrencySlots: TaskRule = {
  name: 'releaseTaskConcurrencySlots',
  from: 'any',
  to: stateTypes.filter((type) => type !== 'RUNNING' && type !== 'CANCELLING'),
  needs: ['tagLimits'],
  universal: true,
  judge: ({ facts }) =>
    facts.tagLimits.some(({ heldByThisRun }) => heldByThisRun)
      ? {
          say: 'rewrite',
          reason: 'Gives back the slots of its tags.',
          effects: [{ type: 'release-tag-slots' }],
        }
      : undefined,
}
