import { describe, expect, test } from 'vitest'
import { decide, type FlowRunView, type ProposedState } from './decide.ts'
import { claim, due, facts, flowRunIn, propose, workSlots } from './fixtures.ts'
import { coreFlowPolicy, minimalFlowPolicy } from './policies.ts'

const given = facts({ freshClaimToken: 'fresh' })
const claimEffects = (decision: ReturnType<typeof decide>) =>
  decision.effects.filter(({ type }) => type === 'open-claim' || type === 'close-claim')
const under = (token: string): Partial<ProposedState> => ({ details: { claim_token: token } })
const queued = (from: Parameters<typeof flowRunIn>[0], more: Partial<FlowRunView> = {}) =>
  flowRunIn(from, { workQueueId: 'queue-1', ...more })

describe('a claim', () => {
  test('gives a token that the new state names, and takes a slot', () => {
    const decision = decide(coreFlowPolicy, queued('SCHEDULED'), propose('PENDING'), given)
    expect(decision.verdict).toBe('ACCEPT')
    expect(decision.patch.claimToken).toBe('fresh')
    expect(decision.write?.details).toMatchObject({ claim_token: 'fresh', scheduled_time: due })
    expect(claimEffects(decision)).toEqual([{ type: 'open-claim', token: 'fresh' }])
  })

  test('of a run without a queue gives a token and takes no slot', () => {
    const decision = decide(coreFlowPolicy, flowRunIn('SCHEDULED'), propose('PENDING'), given)
    expect(decision.patch.claimToken).toBe('fresh')
    expect(claimEffects(decision)).toEqual([])
  })

  test('is kept while infrastructure starts and the run runs, and given up at its end', () => {
    for (const [from, to] of [
      ['PENDING', 'PENDING'],
      ['PENDING', 'RUNNING'],
      ['RUNNING', 'RUNNING'],
      ['RUNNING', 'CANCELLING'],
    ] as const) {
      const name = to === 'PENDING' ? 'Submitting' : to
      const decision = decide(
        coreFlowPolicy,
        queued(from, { claimToken: 'old' }),
        propose(to, { name }),
        given,
      )
      expect([decision.verdict, decision.patch.claimToken, claimEffects(decision)]).toEqual([
        'ACCEPT',
        'old',
        [],
      ])
    }
    for (const to of ['COMPLETED', 'FAILED', 'CRASHED', 'PAUSED'] as const) {
      const decision = decide(coreFlowPolicy, queued('RUNNING', { claimToken: 'old' }), propose(to), given)
      expect(decision.patch.claimToken).toBe('old')
      expect(claimEffects(decision)).toEqual([{ type: 'close-claim' }])
    }
  })

  test('is over when the run is put back, but not while it waits in its process for the next attempt', () => {
    const back = decide(coreFlowPolicy, queued('PENDING', { claimToken: 'old' }), propose('SCHEDULED'), given)
    expect([back.patch.claimToken, claimEffects(back)]).toEqual([null, [{ type: 'close-claim' }]])
    const retry = decide(
      coreFlowPolicy,
      queued('RUNNING', { claimToken: 'old', policy: { retries: 1 } }),
      propose('FAILED'),
      given,
    )
    expect([retry.write?.name, retry.patch.claimToken]).toEqual(['AwaitingRetry', 'old'])
    const again = decide(
      coreFlowPolicy,
      queued('SCHEDULED', { claimToken: 'old', policy: { retry_type: 'in_process' } }),
      propose('RUNNING', under('old')),
      given,
    )
    expect([again.verdict, again.patch.claimToken]).toEqual(['ACCEPT', 'old'])
    expect(claimEffects(again)).toEqual([{ type: 'open-claim', token: 'old' }])
  })

  test('is closed for a run that only sent beats', () => {
    const run = flowRunIn('RUNNING')
    expect(claimEffects(decide(coreFlowPolicy, run, propose('COMPLETED'), given))).toEqual([])
    expect(
      claimEffects(decide(coreFlowPolicy, run, propose('COMPLETED'), { ...given, claim: claim() })),
    ).toEqual([{ type: 'close-claim' }])
  })

  test('is opened for a run of a queue that begins without one', () => {
    const decision = decide(coreFlowPolicy, queued('SCHEDULED'), propose('RUNNING'), given)
    expect(decision.patch.claimToken).toBe('fresh')
    expect(claimEffects(decision)).toEqual([{ type: 'open-claim', token: 'fresh' }])
  })
})

describe('a stale claim', () => {
  test('is refused with the name of who holds the run now', () => {
    const run = queued('RUNNING', { claimToken: 'new' })
    const decision = decide(
      coreFlowPolicy,
      run,
      propose('COMPLETED', under('old')),
      facts({ claim: claim() }),
    )
    expect(decision).toMatchObject({ verdict: 'ABORT', write: null })
    expect(decision.reason).toContain('held by worker "w1" since 2026-08-21T11:00:00')
  })

  test('is refused when the run was given back meanwhile', () => {
    const run = queued('SCHEDULED', { claimToken: null })
    const decision = decide(coreFlowPolicy, run, propose('RUNNING', under('old')), given)
    expect([decision.verdict, decision.reason]).toEqual(['ABORT', expect.stringContaining('given back')])
  })

  test('is none when the token is the run’s, or the client names none', () => {
    const run = queued('RUNNING', { claimToken: 'new' })
    for (const more of [under('new'), {}])
      expect(decide(coreFlowPolicy, run, propose('COMPLETED', more), given).verdict).toBe('ACCEPT')
  })
})

describe('slots of a queue and its pool', () => {
  const claimed = (slots = workSlots()) =>
    decide(coreFlowPolicy, queued('SCHEDULED'), propose('PENDING'), { ...given, workSlots: slots })

  test('let a run through while both have room', () => {
    expect(claimed().verdict).toBe('ACCEPT')
    expect(claimed(workSlots({ limit: null, active: 90 })).verdict).toBe('ACCEPT')
  })

  test('hold it where it is when the pool is full, and name who takes them', () => {
    const holders = [{ id: '1', name: 'brave-owl' }]
    const decision = claimed(workSlots({ active: 2, holders }))
    expect(decision).toMatchObject({ verdict: 'REJECT', write: null, effects: [] })
    expect(decision.reason).toBe(
      'Work pool "machines" is full: its concurrency limit of 2 is taken by brave-owl, 1 more.',
    )
  })

  test('or the queue, or when either is closed', () => {
    expect(claimed(workSlots({}, { limit: 1 })).reason).toContain('Work queue "urgent" is full')
    expect(claimed(workSlots({}, { limit: 0, active: 0 })).reason).toContain('has a concurrency limit of 0')
  })

  test('do not hold back who forces it, nor who has a slot already', () => {
    const full = { ...given, workSlots: workSlots({ active: 2 }) }
    expect(decide(minimalFlowPolicy, queued('SCHEDULED'), propose('PENDING'), full).verdict).toBe('ACCEPT')
    expect(decide(coreFlowPolicy, queued('PENDING'), propose('RUNNING'), full).verdict).toBe('ACCEPT')
  })
})
