import type { StateType } from '../state.ts'
import { stateTypes } from '../state.ts'
import type { Facts, FromType, Policy, Rule, RunView } from './decide.ts'

/** A policy with its rules sorted out for each of the 10 × 9 transitions, once: `decide` runs thousands of times a second. */
export interface CompiledPolicy<Run extends RunView> {
  readonly [from: string]: { readonly [to: string]: CompiledTransition<Run> }
}

interface CompiledTransition<Run extends RunView> {
  readonly rules: readonly Rule<Run>[]
  readonly needs: ReadonlySet<keyof Facts>
}

export const fromTypes = ['none', ...stateTypes] as const satisfies readonly FromType[]

const speaksFrom = (rule: Pick<Rule, 'from'>, from: FromType): boolean =>
  rule.from === 'any' || rule.from.includes(from)

export const speaksTo = (rule: Pick<Rule, 'to'>, to: StateType): boolean =>
  rule.to === 'any' || rule.to.includes(to)

const compile = <Run extends RunView>(policy: Policy<Run>): CompiledPolicy<Run> => {
  const table: Record<string, Record<string, CompiledTransition<Run>>> = {}
  for (const from of fromTypes) {
    const row: Record<string, CompiledTransition<Run>> = {}
    for (const to of stateTypes) {
      const rules = policy.filter(
        (rule) => speaksFrom(rule, from) && (rule.universal === true || speaksTo(rule, to)),
      )
      row[to] = { rules, needs: new Set(rules.flatMap((rule) => rule.needs)) }
    }
    table[from] = row
  }
  return table
}

const compiled = new WeakMap<object, unknown>()

/** What the policy has to say about one transition. */
export const transitionOf = <Run extends RunView>(
  policy: Policy<Run>,
  from: FromType,
  to: StateType,
): CompiledTransition<Run> => {
  // Safe: the map is private, and what it holds under a policy was compiled from that policy.
  let table = compiled.get(policy) as CompiledPolicy<Run> | undefined
  if (table === undefined) {
    table = compile(policy)
    compiled.set(policy, table)
  }
  const transition = table[from]?.[to]
  if (transition === undefined) throw new RangeError(`No state goes from ${from} to ${to}`)
  return transition
}

/** The facts that must be read before `decide` can judge this transition. */
export const needsOf = <Run extends RunView>(
  policy: Policy<Run>,
  from: FromType,
  to: StateType,
): ReadonlySet<keyof Facts> => transitionOf(policy, from, to).needs
