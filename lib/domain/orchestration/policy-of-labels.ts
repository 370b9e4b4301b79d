import type { EmpiricalPolicy } from './decide.ts'

/**
 * How runs of a deployment are to be treated, as its labels say: clients have no other place for it. A run's own policy comes first.
 * `lib/engine/schedule-runs.ts` says the same in SQL; a test holds the two together.
 */
export function policyOfLabels(labels: Readonly<Record<string, unknown>>): EmpiricalPolicy {
  const {
    'rigel.on-lost': onLost,
    'rigel.start-within-seconds': startWithin,
    'rigel.finish-within-seconds': finishWithin,
  } = labels
  if (onLost === undefined && startWithin === undefined && finishWithin === undefined) return nothingSaid
  return {
    ...((onLost === 'crash' || onLost === 'reschedule') && { on_lost: onLost }),
    ...(typeof startWithin === 'number' && { start_within_seconds: startWithin }),
    ...(typeof finishWithin === 'number' && { finish_within_seconds: finishWithin }),
  }
}

const nothingSaid: EmpiricalPolicy = {}
