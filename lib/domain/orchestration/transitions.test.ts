import { describe, expect, test } from 'vitest'
import {
  bookTable,
  cell,
  everyPair,
  expectOutcome,
  outcomeOf,
  readCells,
} from '../../testing/expect-outcome.ts'
import { isFinal, type StateType } from '../state.ts'
import { decide } from './decide.ts'
import { entered, flowRunIn, now, propose, facts as someFacts, taskRunIn } from './fixtures.ts'
import { flowPolicies, taskPolicies } from './policies.ts'
import { flowScenarios, taskScenarios } from './transitions.table.ts'

test('the tables have a cell for every pair, and the books agree on what is final', () => {
  expect(everyPair).toHaveLength(90)
  for (const [from, to] of everyPair) {
    const letters = bookTable.get(cell(from, to)) ?? ''
    expect(/[eE]/.test(letters), cell(from, to)).toBe(isFinal(to))
    expect(letters.includes('C'), cell(from, to)).toBe(to === 'RUNNING')
    expect(letters.includes('T'), cell(from, to)).toBe(from === 'RUNNING')
  }
  expect(now - entered).toBe(10_000_000)
})

test('every policy has its tables', () => {
  const spoken = new Set<unknown>([...flowScenarios, ...taskScenarios].map(({ policy }) => policy))
  for (const [name, policy] of Object.entries({ ...flowPolicies, ...taskPolicies }))
    expect(spoken.has(policy), name).toBe(true)
})

/** A flow's pause always has a key: a pause without one is a case of its own. */
const keyed = (to: StateType) => (to === 'PAUSED' ? { details: { pause_key: 'k' } } : {})

describe.each(flowScenarios)('flow run: $name', (scenario) => {
  const cells = readCells(scenario)
  test.each(everyPair)('%s → %s', (from, to) => {
    const isOf = (only: string | undefined, it: string) => only === undefined || only === it
    const run = flowRunIn(from, scenario.run, isOf(scenario.stateOf, from) ? scenario.state : {})
    const proposed = propose(to, {
      ...keyed(to),
      ...(isOf(scenario.proposedOf, to) ? scenario.proposed : {}),
    })
    const decision = decide(scenario.policy, run, proposed, scenario.facts ?? someFacts())
    expectOutcome(decision, run, from, to, outcomeOf(cells.get(cell(from, to)) ?? '', from, to))
    if (decision.write !== null) {
      expect(decision.effects.filter(({ type }) => type === 'emit-event')).toHaveLength(1)
      expect(decision.write.details.flow_run_id).toBe('run-1')
    }
  })
})

describe.each(taskScenarios)('task run: $name', (scenario) => {
  const cells = readCells(scenario)
  test.each(everyPair)('%s → %s', (from, to) => {
    const isOf = (only: string | undefined, it: string) => only === undefined || only === it
    const run = taskRunIn(from, scenario.run, isOf(scenario.stateOf, from) ? scenario.state : {})
    const proposed = propose(to, isOf(scenario.proposedOf, to) ? scenario.proposed : {})
    const decision = decide(scenario.policy, run, proposed, scenario.facts ?? someFacts())
    expectOutcome(decision, run, from, to, outcomeOf(cells.get(cell(from, to)) ?? '', from, to))
    if (decision.write !== null) {
      expect(decision.effects.filter(({ type }) => type === 'emit-event')).toHaveLength(1)
      expect(decision.write.details.task_run_id).toBe('run-1')
      expect(decision.write.details.flow_run_id).toBe(run.flowRunId)
    }
  })
})
