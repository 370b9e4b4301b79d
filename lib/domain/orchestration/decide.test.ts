import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFinal, type StateDetails, stateTypes } from '../state.ts'
import { fromTypes } from './compile-policy.ts'
import {
  type ClientView,
  decide,
  type Effect,
  explain,
  type Facts,
  type FlowRunView,
  needsOf,
  type Policy,
  type ProposedState,
  type Rule,
  type TaskRunView,
} from './decide.ts'
import {
  claim,
  deploymentLimit,
  due,
  facts,
  flowRunFact,
  flowRunIn,
  now,
  propose,
  result,
  tagLimit,
  taskRunIn,
  unpersisted,
  workSlots,
} from './fixtures.ts'
import {
  backgroundTaskPolicy,
  clientSideTaskPolicy,
  coreFlowPolicy,
  coreTaskPolicy,
  flowPolicies,
  minimalFlowPolicy,
  taskPolicies,
} from './policies.ts'

describe('the fold', () => {
  const rule = (name: string, more: Partial<Rule<FlowRunView>>): Rule<FlowRunView> => ({
    name,
    from: 'any',
    to: 'any',
    needs: [],
    judge: () => undefined,
    ...more,
  })
  const effect = (taskRunId: string): Effect => ({ type: 'mirror-to-parent-task', taskRunId })
  const mark = (name: string, more: Partial<Rule<FlowRunView>> = {}) =>
    rule(name, {
      judge: () => ({ say: 'rewrite', reason: name, effects: [effect(name)], runCount: 40 }),
      ...more,
    })
  const replace = (type: ProposedState['type'], name = 'Replaced') =>
    rule('replace', { judge: () => ({ say: 'reject', reason: 'no', state: propose(type, { name }) }) })
  const fold = (policy: Policy<FlowRunView>) =>
    decide(policy, flowRunIn('PENDING'), propose('FAILED', { details: { transition_id: 't' } }), facts())
  const said = (policy: Policy<FlowRunView>) => fold(policy).trace.map((entry) => entry.rule)

  test('is silent where no rule speaks', () => {
    expect(fold([rule('silent', {})])).toMatchObject({
      verdict: 'ACCEPT',
      reason: '',
      effects: [],
      trace: [],
    })
  })

  test('lets only those speak who were chosen by the types as received', () => {
    const policy = [
      mark('pending', { from: ['PENDING'] }),
      mark('running', { from: ['RUNNING'] }),
      mark('failed', { to: ['FAILED'] }),
      mark('scheduled', { to: ['SCHEDULED'] }),
      replace('SCHEDULED'),
      mark('scheduled by now', { to: ['SCHEDULED'] }),
    ]
    expect(said(policy)).toEqual(['pending', 'failed', 'replace'])
  })

  test('goes on after a replacement of the same type', () => {
    const { verdict, reason, write, effects } = fold([mark('before'), replace('FAILED'), mark('after')])
    expect([verdict, reason, write?.name]).toEqual(['REJECT', 'no', 'Replaced'])
    expect(effects).toEqual([effect('before'), effect('after')])
  })

  test('forgets what was changed before a replacement of another type, but not what universal rules did', () => {
    const { patch, effects } = fold([
      mark('universal', {
        universal: true,
        judge: () => ({ say: 'rewrite', reason: '', effects: [effect('universal')] }),
      }),
      mark('before'),
      replace('SCHEDULED'),
      mark('after'),
      mark('universal after', { universal: true, to: ['SCHEDULED'] }),
      mark('universal for another', { universal: true, to: ['FAILED'] }),
    ])
    expect(effects).toEqual([effect('universal'), effect('universal after')])
    expect(patch.runCount).toBe(40)
  })

  test('keeps what the replacing rule itself changes', () => {
    const { patch, effects } = fold([
      mark('before'),
      rule('replace', {
        judge: () => ({
          say: 'reject',
          reason: 'no',
          state: propose('SCHEDULED'),
          runCount: 7,
          effects: [effect('own')],
          policy: { retries: 9 },
        }),
      }),
    ])
    expect(patch).toMatchObject({ runCount: 7, policy: { retries: 9 } })
    expect(effects).toEqual([effect('own')])
  })

  test('hands on what earlier rules made of the proposal', () => {
    fold([
      rule('first', {
        judge: () => ({
          say: 'rewrite',
          reason: '',
          state: propose('FAILED', { name: 'Renamed' }),
          policy: { retries: 9 },
          runCount: 5,
        }),
      }),
      rule('second', {
        judge: ({ proposed, policy, runCount }) => {
          expect([proposed.name, policy.retries, runCount]).toEqual(['Renamed', 9, 5])
          return undefined
        },
      }),
    ])
    expect.assertions(1)
  })

  test.each([
    ['abort', { say: 'abort', reason: 'no' }],
    ['wait', { say: 'wait', reason: 'no', delaySeconds: 3 }],
    ['reject', { say: 'reject', reason: 'no' }],
  ] as const)('ends at %s: nothing is written, and nobody speaks after it', (_, judgement) => {
    const policy = [
      mark('before'),
      rule('refuse', { judge: () => judgement }),
      mark('after'),
      mark('universal', { universal: true }),
    ]
    expect(said(policy)).toEqual(['before', 'refuse'])
    expect(fold(policy)).toMatchObject({ write: null, effects: [], patch: { runCount: 0, policy: {} } })
  })

  test('lets a replacement answer the request that asked', () => {
    expect(fold([replace('SCHEDULED')]).write?.details.transition_id).toBe('t')
  })

  test('tells what each rule did', () => {
    const policy = [
      rule('rewrite', { judge: () => ({ say: 'rewrite', reason: 'a', state: propose('FAILED') }) }),
      rule('note', { judge: () => ({ say: 'rewrite', reason: 'b', effects: [] }) }),
      replace('SCHEDULED'),
    ]
    expect(fold(policy).trace.map((entry) => entry.said)).toEqual(['rewrite', 'note', 'reject-with-state'])
  })
})

test('only facts that a rule for the transition asks about need be read', () => {
  expect([...needsOf(coreTaskPolicy, 'PENDING', 'RUNNING')].sort()).toEqual([
    'cached',
    'flowRun',
    'tagLimits',
  ])
  expect([...needsOf(coreTaskPolicy, 'RUNNING', 'COMPLETED')]).toEqual(['tagLimits'])
  expect([...needsOf(coreFlowPolicy, 'none', 'SCHEDULED')]).toEqual([])
  expect([...needsOf(coreFlowPolicy, 'SCHEDULED', 'PENDING')].sort()).toEqual([
    'deploymentLimit',
    'workSlots',
  ])
  expect([...needsOf(minimalFlowPolicy, 'RUNNING', 'CRASHED')]).toEqual(['deploymentLimit'])
})

describe('explain', () => {
  test('names everything that holds a task back, not only the first', () => {
    const run = taskRunIn('PENDING', {}, { details: { scheduled_time: '2026-08-21T12:01:00Z' } })
    const held = explain(
      coreTaskPolicy,
      run,
      propose('RUNNING'),
      facts({ flowRun: flowRunFact('FAILED'), tagLimits: [tagLimit({ active: 2 })] }),
    )
    expect(held.map(({ rule, said, delaySeconds }) => [rule, said, delaySeconds])).toEqual([
      ['preventRunningTasksFromStoppedFlows', 'abort', 0],
      ['secureTaskConcurrencySlots', 'wait', 4],
      ['waitForScheduledTime', 'wait', 60],
    ])
  })

  test('says what would be written instead', () => {
    const limit = deploymentLimit({ active: 2 })
    const held = explain(
      coreFlowPolicy,
      flowRunIn('SCHEDULED'),
      propose('PENDING'),
      facts({ deploymentLimit: limit }),
    )
    expect(held).toEqual([
      {
        rule: 'secureFlowConcurrencySlots',
        said: 'reject',
        reason: 'Deployment concurrency limit reached.',
        insteadType: 'SCHEDULED',
        delaySeconds: 0,
      },
    ])
  })

  test('has nothing to say about a run that is free to go', () => {
    expect(explain(coreFlowPolicy, flowRunIn('PENDING'), propose('RUNNING'), facts())).toEqual([])
  })
})

// Thousands of cases: a busy machine takes its time.
describe('whatever is proposed', { timeout: 60_000 }, () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const details: fc.Arbitrary<StateDetails> = fc
    .record({
      transition_id: maybe(fc.constantFrom('t-1', 't-2')),
      scheduled_time: maybe(fc.constantFrom(due, '2026-08-21T12:05:00Z', 'soon')),
      pause_key: maybe(fc.constantFrom('1', '2')),
      pause_reschedule: maybe(fc.boolean()),
      pause_timeout: maybe(fc.constantFrom(due, '2026-08-21T12:05:00Z')),
      cache_key: maybe(fc.constantFrom('key', 'k'.repeat(2001))),
      deferred: maybe(fc.boolean()),
      retriable: maybe(fc.boolean()),
      deployment_concurrency_lease_id: maybe(fc.constantFrom('lease-1')),
      claim_token: maybe(fc.constantFrom('token-1', 'token-2')),
    })
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
  const data = fc.constantFrom(null, result, unpersisted)
  const name = fc.constantFrom(undefined, 'Late', 'Resuming', 'AwaitingRetry', 'Submitting')
  const proposal = fc
    .tuple(fc.constantFrom(...stateTypes), name, details, data)
    .map(([type, called, its, value]) =>
      propose(type, { ...(called && { name: called }), details: its, data: value }),
    )
  const policyOfRun = fc.record({
    retries: fc.constantFrom(null, 0, 1, 5),
    pause_keys: fc.constantFrom(null, [], ['1']),
    resuming: fc.constantFrom(null, false, true),
    retry_type: fc.constantFrom(null, 'in_process' as const, 'reschedule' as const),
    start_within_seconds: fc.constantFrom(null, 60),
    finish_within_seconds: fc.constantFrom(null, 60),
    on_lost: fc.constantFrom(null, 'reschedule' as const),
  })
  const client: fc.Arbitrary<ClientView> = fc.record({
    apiVersion: fc.constantFrom(null, [0, 8, 0] as const, [0, 8, 3] as const, [0, 8, 4] as const),
    clientVersion: fc.constantFrom(null, '2.20.0', '3.0.1', '3.4.10', '3.8.8'),
  })
  const someFacts: fc.Arbitrary<Facts> = fc.record({
    nowMicros: fc.integer({ min: now - 60_000_000, max: now + 60_000_000 }),
    client,
    dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    flowRun: fc.constantFrom(null, flowRunFact('RUNNING', 2), flowRunFact('PAUSED'), flowRunFact('FAILED')),
    cached: fc.constantFrom(null, propose('COMPLETED', { data: result })),
    deploymentLimit: fc.constantFrom(
      null,
      deploymentLimit(),
      deploymentLimit({ active: 2, leaseAlive: false }),
      deploymentLimit({ active: 2, collisionStrategy: 'CANCEL_NEW' as const }),
    ),
    tagLimits: fc.constantFrom(
      [],
      [tagLimit()],
      [tagLimit({ active: 2 })],
      [tagLimit({ heldByThisRun: true })],
    ),
    claim: fc.constantFrom(null, claim(), claim({ expiresMicros: now - 1 }), claim({ expiresMicros: null })),
    workSlots: fc.constantFrom(null, workSlots(), workSlots({ active: 2 }), workSlots({}, { limit: 0 })),
    freshClaimToken: fc.constantFrom(null, 'fresh-token'),
  })
  const shared = {
    from: fc.constantFrom(...fromTypes),
    state: fc.record({ details, data }),
    policy: policyOfRun,
    runCount: fc.nat({ max: 4 }),
  }
  const flowRun = fc
    .record({
      ...shared,
      deploymentId: fc.constantFrom(null, 'deployment-1'),
      parentTaskRunId: fc.constantFrom(null, 'parent-task'),
      infrastructurePid: fc.constantFrom(null, 'pid'),
      workQueueId: fc.constantFrom(null, 'queue-1'),
      claimToken: fc.constantFrom(null, 'token-1'),
    })
    .map(({ from, state, ...more }) => flowRunIn(from, more, state))
  const taskRun = fc
    .record({ ...shared, flowRunRunCount: fc.nat({ max: 3 }) })
    .map(({ from, state, ...more }) => taskRunIn(from, more, state))
  const flowPolicy = fc.constantFrom(...Object.values(flowPolicies))
  const taskPolicy = fc.constantFrom(
    ...Object.values(taskPolicies),
    clientSideTaskPolicy,
    backgroundTaskPolicy,
  )
  const runs = { numRuns: 1500 }

  const invariants = (run: FlowRunView | TaskRunView, decision: ReturnType<typeof decide>) => {
    const { verdict, write, patch, effects, reason, delaySeconds } = decision
    expect(reason === '').toBe(verdict === 'ACCEPT')
    expect(delaySeconds > 0).toBe(verdict === 'WAIT')
    expect(Number.isInteger(delaySeconds)).toBe(true)
    expect(patch.totalRunTimeSeconds).toBeGreaterThanOrEqual(run.totalRunTimeSeconds)
    if (run.startMicros !== null) expect(patch.startMicros).toBe(run.startMicros)
    if (run.expectedStartMicros !== null) expect(patch.expectedStartMicros).toBe(run.expectedStartMicros)
    if (verdict === 'ABORT' || verdict === 'WAIT') expect(write).toBeNull()
    if (verdict === 'ACCEPT') expect(write).not.toBeNull()
    if (write === null) {
      expect(effects).toEqual([])
      const { runCount, endMicros, nextScheduledStartMicros, policy } = run
      expect(patch).toMatchObject({ runCount, endMicros, nextScheduledStartMicros, policy })
      return
    }
    expect(write.atMicros).toBeGreaterThan(run.state?.atMicros ?? 0)
    expect(patch.endMicros !== null).toBe(isFinal(write.type))
    expect(patch.nextScheduledStartMicros !== null).toBe(write.type === 'SCHEDULED')
    if (write.type === 'SCHEDULED') expect(write.details.scheduled_time).toBeTypeOf('string')
    if (write.type === 'RUNNING') expect(patch.startMicros).not.toBeNull()
    expect(effects.filter(({ type }) => type === 'emit-event')).toHaveLength(1)
  }

  test('the books of a flow run stay right', () => {
    fc.assert(
      fc.property(flowPolicy, flowRun, proposal, someFacts, (policy, run, proposed, given) => {
        const decision = decide(policy, run, proposed, given)
        invariants(run, decision)
        const grown = decision.patch.runCount - run.runCount
        expect(grown === 0 || (grown === 1 && decision.write?.type === 'RUNNING')).toBe(true)
        const mirrored = decision.effects.some(({ type }) => type === 'mirror-to-parent-task')
        expect(mirrored).toBe(decision.write !== null && run.parentTaskRunId !== null)
        const opened = decision.effects.some(({ type }) => type === 'open-claim')
        const closed = decision.effects.some(({ type }) => type === 'close-claim')
        expect(opened && closed).toBe(false)
        if (opened) expect([run.workQueueId, decision.patch.claimToken]).not.toContain(null)
      }),
      runs,
    )
  })

  test('the books of a task run stay right', () => {
    fc.assert(
      fc.property(taskPolicy, taskRun, proposal, someFacts, (policy, run, proposed, given) => {
        const decision = decide(policy, run, proposed, given)
        invariants(run, decision)
        if (decision.write?.type === 'RUNNING') expect(decision.patch.runCount).toBeGreaterThan(0)
      }),
      runs,
    )
  })

  test('what is explained is what is decided: held back by nothing means accepted', () => {
    fc.assert(
      fc.property(flowRun, proposal, someFacts, (run, proposed, given) => {
        const held = explain(coreFlowPolicy, run, proposed, given)
        const decision = decide(coreFlowPolicy, run, proposed, given)
        expect(held.length === 0).toBe(decision.verdict === 'ACCEPT')
        if (held[0] !== undefined)
          expect(decision.trace.some(({ rule }) => rule === held[0]?.rule)).toBe(true)
      }),
      runs,
    )
  })

  test('a run of many transitions has strictly later states and a count that never falls', () => {
    fc.assert(
      fc.property(flowRun, fc.array(fc.tuple(proposal, someFacts), { maxLength: 12 }), (first, steps) => {
        let run = first
        for (const [proposed, given] of steps) {
          const { write, patch } = decide(coreFlowPolicy, run, proposed, given)
          expect(patch.runCount).toBeGreaterThanOrEqual(run.runCount)
          if (write === null) continue
          expect(write.atMicros).toBeGreaterThan(run.state?.atMicros ?? 0)
          run = { ...run, ...patch, state: { ...write, id: 'next' } }
        }
      }),
      { numRuns: 500 },
    )
  })
})
