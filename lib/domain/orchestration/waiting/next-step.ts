import { scheduledMicrosOf } from '../bookkeeping.ts'
import { explain, type HeldBack } from '../explain.ts'
import { coreFlowPolicy } from '../policies.ts'
import { makeState } from '../shared-rules.ts'
import type { RunSight } from './waiting.ts'

/** The step that a waiting run would take next, and what the rules would say to it. */

const claimProposal = makeState('PENDING', 'Pending', '')
const startProposal = makeState('RUNNING', 'Running', '')

/** Rules of the core policy that would refuse the run's claim, or its start. */
export const refusals = ({ run, facts }: RunSight, to: 'PENDING' | 'RUNNING'): readonly HeldBack[] =>
  explain(coreFlowPolicy, run, to === 'PENDING' ? claimProposal : startProposal, facts)

/** Waits for nothing but somebody who takes it. */
export const isDue = ({ run, facts }: RunSight): boolean => {
  if (run.state?.type !== 'SCHEDULED' || run.policy.retry_type === 'in_process') return false
  return (scheduledMicrosOf(run.state) ?? 0) <= facts.nowMicros
}
