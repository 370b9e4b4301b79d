import type { StateDetails, StateType } from '../state.ts'
import { isFinal } from '../state.ts'
import { formatInstant, parseInstant } from '../time.ts'
import { bookClaim, noClaim } from './claim-bookkeeping.ts'
import { knowsPauses } from './client-quirks.ts'
import type { Decision, Effect, EmpiricalPolicy, ProposedState, RunPatch, RunView } from './decide.ts'
import type { Standing } from './fold.ts'
import { persistedData } from './result-data.ts'

interface Books {
  readonly write: NonNullable<Decision['write']>
  readonly patch: RunPatch
  readonly effects: readonly Effect[]
}

/** The run's columns as they are: the patch of a decision that writes nothing. */
export const unchanged = (run: RunView): RunPatch => ({
  runCount: run.runCount,
  startMicros: run.startMicros,
  endMicros: run.endMicros,
  expectedStartMicros: run.expectedStartMicros,
  nextScheduledStartMicros: run.nextScheduledStartMicros,
  totalRunTimeSeconds: run.totalRunTimeSeconds,
  policy: run.policy,
  flowRunRunCount: run.kind === 'task-run' ? run.flowRunRunCount : 0,
  claimToken: run.kind === 'flow-run' ? run.claimToken : null,
})

/**
 * The columns that follow from a transition, whatever policy allowed it, so that counters and times are right also by force.
 * Runs last, on what will be written, which need not be what was proposed.
 */
export const bookkeep = (standing: Standing<RunView>): Books => {
  const { run, proposed, facts } = standing
  const current = run.state
  const { type } = proposed
  // Clients order states by their timestamp, and clocks of replicas differ by more than a microsecond.
  const atMicros = current === null ? facts.nowMicros : Math.max(facts.nowMicros, current.atMicros + 1)

  const scheduledMicros = type === 'SCHEDULED' ? (scheduledMicrosOf(proposed) ?? facts.nowMicros) : null
  const running = type === 'RUNNING'
  const final = isFinal(type)
  const wasFinal = current !== null && isFinal(current.type)
  const resuming = standing.policy.resuming === true && knowsPauses(facts.client)
  const claim = run.kind === 'flow-run' ? bookClaim(run, type, standing.policy, facts) : noClaim

  return {
    write: {
      type,
      name: proposed.name,
      message: proposed.message,
      details: fillDetails(run, proposed.details, scheduledMicros, claim.given),
      data: persistedData(proposed.data),
      atMicros,
    },
    patch: {
      // A run that comes back from a pause goes on with the same attempt.
      runCount: running && !(resuming && run.kind === 'flow-run') ? standing.runCount + 1 : standing.runCount,
      // Set once. A run that ends without having run began when it ended.
      startMicros: run.startMicros ?? (running || final ? atMicros : null),
      endMicros: final ? ((wasFinal ? run.endMicros : null) ?? atMicros) : null,
      expectedStartMicros: run.expectedStartMicros ?? scheduledMicros ?? atMicros,
      // Due work is found by this column alone, so it must be empty in every other state.
      nextScheduledStartMicros: scheduledMicros,
      // RUNNING → RUNNING counts too: the present stretch is measured from the newest state.
      totalRunTimeSeconds:
        current?.type === 'RUNNING'
          ? run.totalRunTimeSeconds + (atMicros - current.atMicros) / 1e6
          : run.totalRunTimeSeconds,
      policy: run.kind === 'flow-run' ? policyAfter(standing.policy, resuming, type) : standing.policy,
      flowRunRunCount: standing.flowRunRunCount,
      claimToken: claim.token,
    },
    effects: effectsOf(standing, claim.effects),
  }
}

/** What was marked for the next start, and for the process that waits for it, ends with the run. */
const policyAfter = (policy: EmpiricalPolicy, resuming: boolean, type: StateType): EmpiricalPolicy => {
  const final = isFinal(type)
  const resumed = resuming && (type === 'RUNNING' || final)
  // Left at `in_process`, a person's later retry by force would wait for a worker that skips it.
  const over = final && policy.retry_type === 'in_process'
  if (!resumed && !over) return policy
  return { ...policy, ...(resumed && { resuming: false }), ...(over && { retry_type: null }) }
}

export const scheduledMicrosOf = (state: ProposedState): number | undefined => {
  const text = state.details.scheduled_time
  return typeof text === 'string' ? parseInstant(text) : undefined
}

const fillDetails = (
  run: RunView,
  details: StateDetails,
  scheduledMicros: number | null,
  claimToken: string | null,
): StateDetails => {
  const scheduled_time =
    scheduledMicros === null ||
    (typeof details.scheduled_time === 'string' && parseInstant(details.scheduled_time) !== undefined)
      ? details.scheduled_time
      : formatInstant(scheduledMicros)
  const filled: { -readonly [Key in keyof StateDetails]: StateDetails[Key] } = { ...details }
  if (scheduled_time !== undefined) filled.scheduled_time = scheduled_time
  if (claimToken !== null) filled.claim_token = claimToken
  if (run.kind === 'task-run') {
    filled.flow_run_id = run.flowRunId
    filled.task_run_id = run.id
  } else {
    filled.flow_run_id = run.id
    // A sub-flow's states name the task run that stands for it in the parent.
    if (run.parentTaskRunId !== null) filled.task_run_id = run.parentTaskRunId
  }
  return filled
}

const effectsOf = (
  { run, effects, universalEffects }: Standing<RunView>,
  claimEffects: readonly Effect[],
): readonly Effect[] => {
  const mirrors = run.kind === 'flow-run' && run.parentTaskRunId !== null
  if (!mirrors && claimEffects.length === 0) {
    if (universalEffects.length === 0) return effects
    if (effects.length === 0) return universalEffects
  }
  const all = [...effects, ...universalEffects, ...claimEffects]
  if (mirrors) all.push({ type: 'mirror-to-parent-task', taskRunId: run.parentTaskRunId })
  return all
}
