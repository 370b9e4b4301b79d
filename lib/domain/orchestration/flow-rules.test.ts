import { describe, expect, test } from 'vitest'
import { decide, type Effect, type FlowRunView } from './decide.ts'
import {
  began,
  deploymentLimit,
  due,
  dueMicros,
  entered,
  facts,
  flowRunIn,
  json,
  now,
  propose,
  result,
  stored,
  unpersisted,
} from './fixtures.ts'
import { coreFlowPolicy, markLateRunsPolicy, minimalFlowPolicy } from './policies.ts'

/** What a transition asks for besides the event that every one makes, and the looks that are had again later. */
const besidesEvent = (effects: readonly Effect[]): Effect[] =>
  effects.filter(({ type }) => type !== 'emit-event' && type !== 'follow-up')

const client = (
  clientVersion: string | null,
  apiVersion: readonly [number, number, number] | null = null,
) => ({
  apiVersion,
  clientVersion,
})

const secondsFromNow = (seconds: number): string => new Date(now / 1000 + seconds * 1000).toISOString()

/** Walks a run through states, one a second, as the engine would store them. */
const walk = (
  run: FlowRunView,
  steps: readonly Parameters<typeof propose>[],
  base = facts(),
): { run: FlowRunView; names: string[] } => {
  let current = run
  const names: string[] = []
  for (const [i, [type, more]] of steps.entries()) {
    const { write, patch } = decide(coreFlowPolicy, current, propose(type, more), {
      ...base,
      nowMicros: now + i * 1_000_000,
    })
    if (write === null) throw new Error(`step ${i + 1} was not written`)
    names.push(write.name)
    current = { ...current, ...patch, state: { ...write, id: `state-${i + 2}` } }
  }
  return { run: current, names }
}

describe('a pause', () => {
  test('and its resume are one attempt', () => {
    const { run } = walk(flowRunIn('PENDING'), [
      ['RUNNING'],
      ['PAUSED', { details: { pause_key: '1' } }],
      ['RUNNING'],
      ['COMPLETED'],
    ])
    expect(run.runCount).toBe(1)
    expect(run.policy).toEqual({ pause_keys: ['1'], resuming: false })
  })

  test('with the process gone, and its resume, are one attempt too', () => {
    const { run } = walk(flowRunIn('PENDING', { deploymentId: 'deployment-1' }), [
      ['RUNNING'],
      ['PAUSED', { name: 'Suspended', details: { pause_key: '1', pause_reschedule: true } }],
      ['SCHEDULED', { name: 'Resuming' }],
      ['PENDING'],
      ['RUNNING'],
    ])
    expect(run.runCount).toBe(1)
    expect(run.policy.resuming).toBe(false)
  })

  test('is two attempts for a client that knows no pauses', () => {
    const { run } = walk(
      flowRunIn('PENDING'),
      [['RUNNING'], ['PAUSED'], ['RUNNING']],
      facts({ client: client(null, [0, 8, 3]) }),
    )
    expect(run.runCount).toBe(2)
    expect(run.policy).toEqual({})
  })

  test('without a key is always a new one', () => {
    const { run } = walk(flowRunIn('RUNNING'), [['PAUSED'], ['RUNNING'], ['PAUSED']])
    const keys = run.policy.pause_keys ?? []
    expect(new Set(keys).size).toBe(2)
  })

  test('that waited too long fails under the name that it had', () => {
    const run = flowRunIn(
      'PAUSED',
      { deploymentId: 'deployment-1' },
      { name: 'Suspended', details: { pause_reschedule: true, pause_timeout: secondsFromNow(-1) } },
    )
    expect(decide(coreFlowPolicy, run, propose('SCHEDULED', { name: 'Resuming' }), facts())).toMatchObject({
      verdict: 'REJECT',
      write: { type: 'FAILED', message: 'The flow was suspended and never resumed.' },
      patch: { endMicros: now },
    })
  })

  test('may be resumed until its last moment', () => {
    const run = flowRunIn('PAUSED', {}, { details: { pause_timeout: secondsFromNow(0) } })
    expect(decide(coreFlowPolicy, run, propose('RUNNING'), facts()).verdict).toBe('ACCEPT')
  })

  test('of a deployment names the suspension that fired', () => {
    const run = flowRunIn('RUNNING', { deploymentId: 'deployment-1', policy: { pause_keys: ['1'] } })
    const proposed = propose('PAUSED', { details: { pause_key: '1', pause_reschedule: true } })
    expect(decide(coreFlowPolicy, run, proposed, facts()).reason).toBe('This suspend has already fired.')
  })
})

describe('a retry of a flow', () => {
  const failing = (runCount: number, policy: FlowRunView['policy']) =>
    decide(
      coreFlowPolicy,
      flowRunIn('RUNNING', { runCount, policy }),
      propose('FAILED', { message: 'boom', details: { transition_id: 't-1' }, data: result }),
      facts(),
    )

  test('happens as often as was asked for', () => {
    const policy = { retries: 2, retry_delay: 0 }
    expect([1, 2, 3].map((attempt) => failing(attempt, policy).write?.name)).toEqual([
      'AwaitingRetry',
      'AwaitingRetry',
      'Failed',
    ])
  })

  test('keeps what the failed attempt said', () => {
    expect(failing(1, { retries: 1 }).write).toMatchObject({ message: 'boom', data: result })
  })

  test.each([
    ['a number', { retries: 1, retry_delay: 30 }, 30],
    ['none', { retries: 1 }, 0],
    ['null', { retries: 1, retry_delay: null }, 0],
    ['what old clients wrote', { max_retries: 1, retry_delay_seconds: 7 }, 7],
    [
      'zeroes beside what old clients wrote',
      { retries: 0, max_retries: 1, retry_delay: 0, retry_delay_seconds: 7 },
      7,
    ],
    ['a fraction', { retries: 1, retry_delay: 0.5 }, 0.5],
    // Beyond, the failure itself could not be written, and the run would run for ever.
    ['a century at most', { retries: 1, retry_delay: 1e300 }, 3_155_760_000],
  ])('waits: %s', (_, policy, seconds) => {
    expect(failing(1, policy).patch.nextScheduledStartMicros).toBe(now + seconds * 1e6)
  })

  test.each([{}, { retries: null }, { retries: 0 }, { max_retries: 0 }])('is not for %j', (policy) => {
    expect(failing(0, policy).verdict).toBe('ACCEPT')
  })

  test('answers the same to a repeated request', () => {
    const first = failing(1, { retries: 1, retry_delay: 30 })
    if (first.write === null) throw new Error('nothing written')
    const run = { ...flowRunIn('SCHEDULED'), ...first.patch, state: { ...first.write, id: 'state-2' } }
    const again = decide(
      coreFlowPolicy,
      run,
      propose('FAILED', { details: { transition_id: 't-1' } }),
      facts(),
    )
    expect(again).toMatchObject({ verdict: 'REJECT', write: null })
  })

  test('counts as the next attempt, and ends without a way to retry', () => {
    const { run, names } = walk(flowRunIn('PENDING', { policy: { retries: 1 } }), [
      ['RUNNING'],
      ['FAILED'],
      ['RUNNING'],
      ['FAILED'],
    ])
    expect(names).toEqual(['Running', 'AwaitingRetry', 'Running', 'Failed'])
    expect(run.runCount).toBe(2)
    expect(run.policy.retry_type).toBeNull()
  })

  test('by a client of 2.6 resets the failed tasks, and by 2.7 only leaves the policy alone', () => {
    const by = (patch: number) =>
      decide(
        coreFlowPolicy,
        flowRunIn('RUNNING', { policy: { retries: 1, retry_delay: 5 } }),
        propose('FAILED'),
        facts({ client: client('2.6.0', [0, 8, patch]) }),
      )
    expect(besidesEvent(by(2).effects)).toEqual([
      { type: 'reset-failed-tasks', scheduledMicros: now + 5_000_000 },
    ])
    expect(besidesEvent(by(3).effects)).toEqual([])
    expect(by(3).patch.policy).toEqual({ retries: 1, retry_delay: 5 })
    expect(by(4).patch.policy.retry_type).toBe('in_process')
  })
})

describe('a claim', () => {
  const pending = (name: string, more = {}) => flowRunIn('PENDING', more, { name })

  test('may say how far its infrastructure has come', () => {
    const state = {
      name: 'Pending',
      details: { scheduled_time: due, deployment_concurrency_lease_id: 'lease-1' },
    }
    const run = flowRunIn('PENDING', {}, state)
    expect(decide(coreFlowPolicy, run, propose('PENDING', { name: 'Submitting' }), facts())).toMatchObject({
      verdict: 'ACCEPT',
      write: { name: 'Submitting', details: state.details },
    })
  })

  test.each([
    ['Pending', 'Pending'],
    ['Submitting', 'Submitting'],
    ['Submitting', 'Pending'],
  ])('of a run that is %s is refused as %s', (name, proposed) => {
    expect(
      decide(coreFlowPolicy, pending(name), propose('PENDING', { name: proposed }), facts()).verdict,
    ).toBe('ABORT')
  })
})

describe('a run that is not due', () => {
  const proposedAfter = (seconds: number) =>
    decide(
      coreFlowPolicy,
      flowRunIn('SCHEDULED', {}, { details: { scheduled_time: secondsFromNow(seconds) } }),
      propose('RUNNING'),
      facts(),
    )

  test.each([
    [0.4, 0],
    [0.5, 0],
    [0.6, 1],
    [1.4, 1],
    [89.6, 90],
    [-5, 0],
  ])('in %d s waits %d whole seconds', (seconds, delaySeconds) => {
    expect(proposedAfter(seconds)).toMatchObject({
      verdict: delaySeconds === 0 ? 'ACCEPT' : 'WAIT',
      delaySeconds,
    })
  })
})

describe('the result of a completed run', () => {
  const rerun = (data: ReturnType<typeof json> | null) =>
    decide(coreFlowPolicy, flowRunIn('COMPLETED', {}, { data }), propose('RUNNING'), facts()).verdict

  test.each([
    ['nothing', null, 'ACCEPT'],
    ['null', json(null), 'ACCEPT'],
    ['a marker that it was not kept', unpersisted, 'ACCEPT'],
    ['such a marker with more keys', json({ artifact_type: null, type: 'unpersisted' }), 'ACCEPT'],
    ['a reference', result, 'REJECT'],
    ['a text that says unpersisted', json('unpersisted'), 'REJECT'],
    ['an object of some other type', json({ type: 'literal', value: 'unpersisted' }), 'REJECT'],
  ])('protects it when it is %s: %s', (_, data, verdict) => {
    expect(rerun(data)).toBe(verdict)
  })

  test('is not stored when it is only a marker', () => {
    const { write } = decide(
      coreFlowPolicy,
      flowRunIn('RUNNING'),
      propose('COMPLETED', { data: unpersisted }),
      facts(),
    )
    expect(write?.data).toBeNull()
  })
})

describe('cancelling', () => {
  const cancel = (run: FlowRunView, policy = coreFlowPolicy) =>
    decide(policy, run, propose('CANCELLING', { message: 'by Ada' }), facts()).write?.type

  test('a resumed run is done at once, though it once had infrastructure', () => {
    expect(cancel(flowRunIn('SCHEDULED', { infrastructurePid: 'pid' }, { name: 'Resuming' }))).toBe(
      'CANCELLED',
    )
  })

  test('a run whose infrastructure was begun waits for it', () => {
    expect(cancel(flowRunIn('SCHEDULED', { infrastructurePid: 'pid' }))).toBe('CANCELLING')
  })

  test('keeps the message of who asked', () => {
    const { write } = decide(
      coreFlowPolicy,
      flowRunIn('SCHEDULED'),
      propose('CANCELLING', { message: 'by Ada' }),
      facts(),
    )
    expect(write).toMatchObject({ type: 'CANCELLED', message: 'by Ada' })
  })

  test('a run that is paused in its process reaches the process', () => {
    expect(cancel(flowRunIn('PAUSED'))).toBe('CANCELLING')
    expect(cancel(flowRunIn('PAUSED'), minimalFlowPolicy)).toBe('CANCELLING')
  })
})

describe('a slot of the deployment', () => {
  const lease = { details: { deployment_concurrency_lease_id: 'lease-1' } }
  const of = (run: FlowRunView, proposed: ReturnType<typeof propose>, more: Parameters<typeof facts>[0]) =>
    decide(coreFlowPolicy, run, proposed, facts(more))

  test('is taken at the claim, and the state names its lease', () => {
    const limit = deploymentLimit()
    const { write, effects } = of(flowRunIn('SCHEDULED'), propose('PENDING'), { deploymentLimit: limit })
    expect(write?.details.deployment_concurrency_lease_id).toBe('fresh-lease')
    expect(besidesEvent(effects)).toEqual([
      {
        type: 'acquire-deployment-slot',
        limitId: 'limit-1',
        leaseId: 'fresh-lease',
        leaseSeconds: 300,
      },
    ])
  })

  test('that was taken for a claim which is then refused is not taken', () => {
    const { verdict, effects } = of(flowRunIn('PAUSED'), propose('PENDING'), {
      deploymentLimit: deploymentLimit(),
    })
    expect(verdict).toBe('REJECT')
    expect(effects).toEqual([])
  })

  test.each([
    ['3.0.0rc19', true],
    ['3.0.0rc20', false],
    ['3.0.0', false],
    ['3.0.3', false],
    ['3.0.4', true],
    ['3.8.8', true],
    ['2.20.0', true],
    [null, true],
  ])('is asked for on behalf of a client %s: %s', (version, asked) => {
    const { verdict } = of(flowRunIn('SCHEDULED'), propose('PENDING'), {
      client: client(version),
      deploymentLimit: deploymentLimit({ limit: 0, active: 0 }),
    })
    expect(verdict).toBe(asked ? 'ABORT' : 'ACCEPT')
  })

  test.each([
    ['3.4.11', [{ type: 'renew-lease', leaseId: 'lease-1', seconds: 300 }]],
    ['3.8.8', [{ type: 'renew-lease', leaseId: 'lease-1', seconds: 300 }]],
    ['3.4.11.dev2', [{ type: 'pin-lease', leaseId: 'lease-1' }]],
    ['3.4.11rc1', [{ type: 'pin-lease', leaseId: 'lease-1' }]],
    ['3.4.10', [{ type: 'pin-lease', leaseId: 'lease-1' }]],
    ['not a version', [{ type: 'pin-lease', leaseId: 'lease-1' }]],
    [null, [{ type: 'pin-lease', leaseId: 'lease-1' }]],
  ])('of a run that begins, by a client %s', (version, effects) => {
    const decision = of(flowRunIn('PENDING', {}, lease), propose('RUNNING'), {
      client: client(version),
      deploymentLimit: deploymentLimit(),
    })
    expect(besidesEvent(decision.effects)).toEqual(effects)
    expect(decision.write?.details.deployment_concurrency_lease_id).toBe('lease-1')
  })

  test('that was lost meanwhile is taken again where one is free', () => {
    const { write, effects } = of(flowRunIn('PENDING', {}, lease), propose('RUNNING'), {
      deploymentLimit: deploymentLimit({ leaseAlive: false }),
    })
    expect(write?.details.deployment_concurrency_lease_id).toBe('fresh-lease')
    expect(besidesEvent(effects)).toMatchObject([{ type: 'acquire-deployment-slot', leaseId: 'fresh-lease' }])
  })

  test('is held until the run has stopped, and then given back', () => {
    const effectsAfter = (type: Parameters<typeof propose>[0]) =>
      besidesEvent(of(flowRunIn('RUNNING', {}, lease), propose(type), {}).effects)
    const release = [{ type: 'release-deployment-slot', leaseId: 'lease-1' }]
    expect(effectsAfter('RUNNING')).toEqual([])
    expect(effectsAfter('CANCELLING')).toEqual([])
    for (const type of ['SCHEDULED', 'PAUSED', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'] as const) {
      expect(effectsAfter(type), type).toEqual(release)
    }
  })

  test('is given back by force, by a retry, and by a cancellation that another rule made', () => {
    const release = { type: 'release-deployment-slot', leaseId: 'lease-1' }
    const run = flowRunIn('RUNNING', { policy: { retries: 1 } }, lease)
    expect(decide(minimalFlowPolicy, run, propose('CRASHED'), facts()).effects).toContainEqual(release)
    expect(of(run, propose('FAILED'), {}).effects).toContainEqual(release)
    const lost = of(flowRunIn('PENDING', {}, lease), propose('RUNNING'), {
      deploymentLimit: deploymentLimit({ leaseAlive: false, active: 2 }),
    })
    expect(besidesEvent(lost.effects)).toEqual([release])
  })

  test('without a lease is given back where the deployment has a limit', () => {
    const done = (limit: ReturnType<typeof deploymentLimit> | null) =>
      besidesEvent(of(flowRunIn('RUNNING'), propose('COMPLETED'), { deploymentLimit: limit }).effects)
    expect(done(null)).toEqual([])
    expect(done(deploymentLimit())).toEqual([{ type: 'release-deployment-slot', leaseId: null }])
  })

  test('that is missing cancels a late run only where the deployment does not queue', () => {
    const late = (limit: ReturnType<typeof deploymentLimit>) =>
      decide(
        markLateRunsPolicy,
        flowRunIn('SCHEDULED'),
        propose('SCHEDULED', { name: 'Late' }),
        facts({ deploymentLimit: limit }),
      ).write?.name
    expect(late(deploymentLimit({ active: 2 }))).toBe('Late')
    expect(late(deploymentLimit({ active: 1, collisionStrategy: 'CANCEL_NEW' }))).toBe('Late')
    expect(late(deploymentLimit({ active: 2, collisionStrategy: 'CANCEL_NEW' }))).toBe('Cancelled')
  })
})

describe('the books', () => {
  test('give every state of a run a later timestamp, whatever the clock says', () => {
    const run = flowRunIn('PENDING', {}, { atMicros: now + 5 })
    expect(decide(coreFlowPolicy, run, propose('RUNNING'), facts()).write?.atMicros).toBe(now + 6)
  })

  test('schedule for now what has no time, or none that can be read', () => {
    for (const details of [{}, { scheduled_time: null }, { scheduled_time: 'soon' }]) {
      const { write, patch } = decide(
        minimalFlowPolicy,
        flowRunIn('none'),
        propose('SCHEDULED', { details }),
        facts(),
      )
      expect(write?.details.scheduled_time).toBe('2026-08-21T12:00:00.000000Z')
      expect(patch).toMatchObject({ nextScheduledStartMicros: now, expectedStartMicros: now })
    }
  })

  test('expect a run once, and when it was first due', () => {
    const { run } = walk(flowRunIn('none'), [['SCHEDULED'], ['PENDING'], ['RUNNING']])
    expect(run).toMatchObject({ expectedStartMicros: dueMicros, nextScheduledStartMicros: null })
  })

  test('let a run that never ran begin when it ended', () => {
    const { patch } = decide(coreFlowPolicy, flowRunIn('PENDING'), propose('CRASHED'), facts())
    expect(patch).toMatchObject({ startMicros: now, endMicros: now, totalRunTimeSeconds: 100 })
  })

  test('add up only the time in RUNNING', () => {
    const { run } = walk(flowRunIn('PENDING', { totalRunTimeSeconds: 0 }), [
      ['RUNNING'],
      ['RUNNING'],
      ['PAUSED'],
      ['RUNNING'],
      ['COMPLETED'],
    ])
    expect(run.totalRunTimeSeconds).toBe(3)
    expect(run.startMicros).toBe(now)
    expect(run.endMicros).toBe(now + 4_000_000)
  })

  test('take the end away from a run that runs again, and keep its start', () => {
    const { patch } = decide(coreFlowPolicy, flowRunIn('FAILED'), propose('RUNNING'), facts())
    expect(patch).toMatchObject({ startMicros: began, endMicros: null, runCount: 2 })
  })

  test('show a sub-flow in the task run that stands for it', () => {
    const run = flowRunIn('PENDING', { parentTaskRunId: 'parent-task' })
    const { write, effects } = decide(coreFlowPolicy, run, propose('RUNNING'), facts())
    expect(write?.details).toMatchObject({ flow_run_id: 'run-1', task_run_id: 'parent-task' })
    expect(besidesEvent(effects)).toEqual([{ type: 'mirror-to-parent-task', taskRunId: 'parent-task' }])
    // Also what a rule put in the proposed state's place, and what was forced.
    const retried = decide(
      coreFlowPolicy,
      flowRunIn('RUNNING', { parentTaskRunId: 'parent-task', policy: { retries: 1 } }),
      propose('FAILED'),
      facts(),
    )
    expect(retried.effects.map(({ type }) => type)).toContain('mirror-to-parent-task')
    expect(retried.write?.details.task_run_id).toBe('parent-task')
    const forced = decide(minimalFlowPolicy, run, propose('CRASHED'), facts())
    expect(forced.effects.map(({ type }) => type)).toContain('mirror-to-parent-task')
  })

  test('keep details that nobody here knows', () => {
    const proposed = propose('RUNNING', { details: { traceparent: 'x', future: { a: 1 } } })
    expect(decide(coreFlowPolicy, flowRunIn('PENDING'), proposed, facts()).write?.details).toEqual({
      traceparent: 'x',
      future: { a: 1 },
      flow_run_id: 'run-1',
    })
  })

  test('forget that a run resumes also when force ends it', () => {
    const run = flowRunIn('SCHEDULED', { policy: { resuming: true } })
    expect(decide(minimalFlowPolicy, run, propose('CANCELLED'), facts()).patch.policy.resuming).toBe(false)
  })
})

test('nothing that was given is changed', () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
    return value
  }
  const run = freeze(flowRunIn('RUNNING', { policy: { retries: 1, pause_keys: ['1'] } }))
  const given = freeze(facts({ deploymentLimit: deploymentLimit() }))
  for (const type of ['FAILED', 'PAUSED', 'COMPLETED', 'RUNNING'] as const) {
    decide(coreFlowPolicy, run, freeze(propose(type)), given)
  }
  expect(run.state).toEqual(stored('RUNNING'))
  expect(run.state?.atMicros).toBe(entered)
})
