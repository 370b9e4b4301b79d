import { describe, expect, test } from 'vitest'
import { expectOutcome, outcomeOf } from '../../testing/expect-outcome.ts'
import { type StateType, stateTypes } from '../state.ts'
import { fromTypes } from './compile-policy.ts'
import { decide, type FromType, type Policy, type Rule, type RunView } from './decide.ts'
import { facts, flowRunIn, propose, taskRunIn } from './fixtures.ts'
import { backgroundTaskPolicy, clientSideTaskPolicy, flowPolicies, taskPolicies } from './policies.ts'
import { flowRuleRows, type RuleRow, sharedRuleRows, taskRuleRows } from './rules.table.ts'

type AnyRule = Pick<Rule, 'name' | 'from' | 'to' | 'universal'>

const typesOf = <Type extends string>(declared: 'any' | readonly Type[], all: readonly Type[]) =>
  declared === 'any' ? all : declared
const pairsOf = (
  rule: AnyRule,
  row?: Pick<RuleRow<never>, 'from' | 'to'>,
): (readonly [FromType, StateType])[] =>
  (row?.from ?? typesOf<FromType>(rule.from, fromTypes)).flatMap((from) =>
    (row?.to ?? typesOf<StateType>(rule.to, stateTypes)).map((to) => [from, to] as const),
  )

/** Asks one rule alone, about each pair that the row covers. */
function holds<Run extends RunView>(
  row: RuleRow<Run>,
  runIn: (from: FromType, more: Partial<Run>, state?: RuleRow<Run>['state']) => Run,
): void {
  const policy: Policy<Run> = [row.rule]
  for (const [from, to] of pairsOf(row.rule, row)) {
    const run = runIn(from, row.run ?? {}, row.state)
    const decision = decide(policy, run, propose(to, row.proposed), facts(row.facts))
    const about = `${from} → ${to}`
    if (row.says === 'silent') {
      expect(decision.trace, about).toEqual([])
      continue
    }
    expect(
      decision.trace.map(({ rule }) => rule),
      about,
    ).toEqual([row.rule.name])
    const said =
      typeof row.says === 'string'
        ? outcomeOf(row.says, from, to)
        : typeof row.says === 'function'
          ? row.says(from, to)
          : row.says
    expectOutcome(decision, run, from, to, said)
    const effects = decision.effects.filter(({ type }) => type !== 'open-claim' && type !== 'close-claim')
    expect(effects, about).toEqual(row.effects ?? [])
    if (row.details !== undefined) expect(decision.write?.details, about).toMatchObject(row.details)
    if (row.flowRunRunCount !== undefined) expect(decision.patch.flowRunRunCount).toBe(row.flowRunRunCount)
  }
}

describe('every rule, for every pair of states about which it could speak', () => {
  test.each(flowRuleRows.map((row) => [row.rule.name, row.when, row] as const))('%s: %s', (_, __, row) =>
    holds(row, flowRunIn),
  )
  test.each(taskRuleRows.map((row) => [row.rule.name, row.when, row] as const))('%s: %s', (_, __, row) =>
    holds(row, taskRunIn),
  )
  // Asked about both kinds of run.
  test.each(sharedRuleRows.map((row) => [row.rule.name, row.when, row] as const))('%s: %s', (_, __, row) => {
    holds(row as RuleRow<RunView>, flowRunIn as (from: FromType) => RunView)
    holds(row as RuleRow<RunView>, taskRunIn as (from: FromType) => RunView)
  })
})

const everyRule = new Map<string, AnyRule>(
  [...Object.values(flowPolicies), ...Object.values(taskPolicies), backgroundTaskPolicy, clientSideTaskPolicy]
    .flat()
    .map((rule) => [rule.name, rule]),
)

test.each([...everyRule.keys()])('%s has a row for each pair', (name) => {
  const rule = everyRule.get(name)
  if (rule === undefined) throw new Error('no rule')
  const rows = [...flowRuleRows, ...taskRuleRows, ...sharedRuleRows].filter((row) => row.rule.name === name)
  const covered = new Set(rows.flatMap((row) => pairsOf(rule, row)).map((pair) => pair.join(' → ')))
  const missing = pairsOf(rule)
    .map((pair) => pair.join(' → '))
    .filter((pair) => !covered.has(pair))
  expect(missing).toEqual([])
  // Silence alone would prove nothing.
  expect(rows.some(({ says }) => says !== 'silent')).toBe(true)
})

test('no row speaks of a pair that its rule does not declare', () => {
  for (const row of [...flowRuleRows, ...taskRuleRows, ...sharedRuleRows]) {
    const declared = new Set(pairsOf(row.rule).map((pair) => pair.join(' → ')))
    for (const pair of pairsOf(row.rule, row)) expect(declared, row.rule.name).toContain(pair.join(' → '))
  }
})
