import type { StateType } from '../state.ts'
import { speaksTo, transitionOf } from './compile-policy.ts'
import type { Facts, Policy, ProposedState, RunView } from './decide.ts'

/** One rule that stands in the run's way. */
export interface HeldBack {
  readonly rule: string
  readonly said: 'reject' | 'wait' | 'abort'
  readonly reason: string
  /** What would be written instead, if the rule would replace the state. */
  readonly insteadType: StateType | null
  /** Whole seconds, when the rule says wait; else 0. */
  readonly delaySeconds: number
}

/**
 * Every rule that would hold the run back from this state, in the policy's order.
 *
 * Each judges the proposal alone: `decide` ends at the first refusal, but who asks why a run does not run
 * wants to know everything that stands in its way.
 */
export const explain = <Run extends RunView>(
  policy: Policy<Run>,
  run: Run,
  proposed: ProposedState,
  facts: Facts,
): readonly HeldBack[] => {
  const { rules } = transitionOf(policy, run.state === null ? 'none' : run.state.type, proposed.type)
  const view = { run, proposed, facts, policy: run.policy, runCount: run.runCount }
  const held: HeldBack[] = []
  for (const rule of rules) {
    if (rule.universal === true && !speaksTo(rule, proposed.type)) continue
    const said = rule.judge(view)
    if (said === undefined || said.say === 'rewrite') continue
    held.push({
      rule: rule.name,
      said: said.say,
      reason: said.reason,
      insteadType: said.say === 'reject' && said.state !== undefined ? said.state.type : null,
      delaySeconds: said.say === 'wait' ? said.delaySeconds : 0,
    })
  }
  return held
}
