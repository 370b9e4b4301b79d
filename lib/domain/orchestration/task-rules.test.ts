import { describe, expect, test } from 'vitest'
import type { StateDetails } from '../state.ts'
import { decide, type Effect, type Facts, type TaskRunView } from './decide.ts'
import { facts, flowRunFact, now, propose, result, tagLimit, taskRunIn } from './fixtures.ts'
import { backgroundTaskPolicy, clientSideTaskPolicy, coreTaskPolicy, minimalTaskPolicy } from './policies.ts'

const besidesEvent = (effects: readonly Effect[]): Effect[] =>
  effects.filter(({ type }) => type !== 'emit-event')

const running = (more: Partial<Facts> = {}) => facts({ flowRun: flowRunFact('RUNNING'), ...more })

describe('the cache', () => {
  const cached = propose('COMPLETED', {
    message: 'first time',
    data: result,
    details: { cache_key: 'key', transition_id: 'old', task_run_id: 'another', flow_run_id: 'another' },
  })
  const begin = (details: StateDetails, fact: Facts['cached'] = cached) =>
    decide(coreTaskPolicy, taskRunIn('PENDING'), propose('RUNNING', { details }), running({ cached: fact }))

  test('answers with a copy of what completed under the key', () => {
    const { write, patch, effects } = begin({ cache_key: 'key', transition_id: 'new' })
    expect(write).toMatchObject({ type: 'COMPLETED', name: 'Cached', message: 'first time', data: result })
    expect(write?.details).toEqual({
      cache_key: 'key',
      transition_id: 'new',
      task_run_id: 'run-1',
      flow_run_id: 'flow-run-1',
    })
    expect(patch.runCount).toBe(0)
    // It is in the cache already.
    expect(besidesEvent(effects)).toEqual([])
  })

  test.each([
    ['without a key', {}],
    ['with an empty key', { cache_key: '' }],
    ['that is asked to refresh', { cache_key: 'key', refresh_cache: true }],
  ])('is not asked by a task %s', (_, details) => {
    expect(begin(details).verdict).toBe('ACCEPT')
  })

  test('says nothing when it has nothing', () => {
    expect(begin({ cache_key: 'key' }, null).verdict).toBe('ACCEPT')
  })

  test.each([
    ['for ever', {}, null],
    ['until it expires', { cache_expiration: '2026-08-21T13:00:00Z' }, now + 3_600_000_000],
  ])('keeps a completed state %s', (_, more, expiresMicros) => {
    const proposed = propose('COMPLETED', { details: { cache_key: 'k'.repeat(2000), ...more } })
    const { effects } = decide(coreTaskPolicy, taskRunIn('RUNNING'), proposed, running())
    expect(besidesEvent(effects)).toEqual([
      { type: 'insert-cache', cacheKey: 'k'.repeat(2000), expiresMicros },
    ])
  })
})

describe('a retry of a task', () => {
  const failing = (runCount: number, policy: TaskRunView['policy'], dice = 0.5) => {
    const run = taskRunIn('RUNNING', { runCount, policy })
    const { write, patch } = decide(coreTaskPolicy, run, propose('FAILED'), running({ dice }))
    const dueIn = patch.nextScheduledStartMicros
    return write?.name === 'AwaitingRetry' && dueIn !== null ? (dueIn - now) / 1e6 : write?.name
  }

  test('waits as long as the list says, and from its end on as long as its last', () => {
    const policy = { retries: 4, retry_delay: [1, 10, 100] }
    expect([1, 2, 3, 4, 5].map((attempt) => failing(attempt, policy))).toEqual([1, 10, 100, 100, 'Failed'])
  })

  test('does not mind an empty list', () => {
    expect(failing(1, { retries: 1, retry_delay: [] })).toBe(0)
  })

  test.each([
    [0, 5],
    [0.5, 10],
    [0.75, 12.5],
  ])('with jitter and dice of %d waits %d s', (dice, seconds) => {
    expect(failing(1, { retries: 1, retry_delay: 10, retry_jitter_factor: 0.5 }, dice)).toBe(seconds)
  })

  test('never waits less than nothing', () => {
    expect(failing(1, { retries: 1, retry_delay: 10, retry_jitter_factor: 3 }, 0)).toBe(0)
  })

  test('never waits beyond what a calendar has', () => {
    const century = 3_155_760_000
    expect(failing(1, { retries: 1, retry_delay: [1e300] })).toBe(century)
    expect(failing(1, { retries: 1, retry_delay: 10, retry_jitter_factor: 1e300 }, 0.9)).toBe(century)
  })
})

describe('a task that ran before', () => {
  test('is retrying after AwaitingRetry', () => {
    const run = taskRunIn('SCHEDULED', { runCount: 1 }, { name: 'AwaitingRetry' })
    const { write, patch } = decide(coreTaskPolicy, run, propose('RUNNING'), running())
    expect(write?.name).toBe('Retrying')
    expect(patch.runCount).toBe(2)
  })

  test('counts from the start when it runs after its end', () => {
    const run = taskRunIn('FAILED', { runCount: 4 })
    const { write, patch } = decide(coreTaskPolicy, run, propose('RUNNING'), running())
    expect(write?.name).toBe('Running')
    expect(patch.runCount).toBe(1)
  })

  test('keeps its count when it was refused after all', () => {
    const run = taskRunIn('FAILED', { runCount: 4 })
    const paused = decide(coreTaskPolicy, run, propose('RUNNING'), facts({ flowRun: flowRunFact('PAUSED') }))
    expect(paused.write?.name).toBe('NotReady')
    expect(paused.patch.runCount).toBe(4)
    const stopped = decide(coreTaskPolicy, run, propose('RUNNING'), facts({ flowRun: flowRunFact('FAILED') }))
    expect(stopped.patch.runCount).toBe(4)
  })

  test('belongs to the attempt of its flow from when it runs', () => {
    const given = facts({ flowRun: flowRunFact('RUNNING', 3) })
    for (const policy of [coreTaskPolicy, clientSideTaskPolicy, backgroundTaskPolicy]) {
      const at = (type: 'RUNNING' | 'FAILED') =>
        decide(policy, taskRunIn('PENDING'), propose(type), given).patch.flowRunRunCount
      expect(at('FAILED')).toBe(1)
      expect(at('RUNNING')).toBe(3)
    }
  })
})

test('a task of a paused flow waits as long as its flow', () => {
  const flowRun = flowRunFact('PAUSED', 1, { pause_timeout: '2026-08-21T13:00:00Z', pause_reschedule: true })
  const { write } = decide(coreTaskPolicy, taskRunIn('PENDING'), propose('RUNNING'), facts({ flowRun }))
  expect(write?.details).toMatchObject({ pause_timeout: '2026-08-21T13:00:00Z', pause_reschedule: true })
})

describe('slots of tags', () => {
  const two = [tagLimit({ limitId: 'a', tag: 'a' }), tagLimit({ limitId: 'b', tag: 'b' })]
  const begin = (tagLimits: Facts['tagLimits']) =>
    decide(coreTaskPolicy, taskRunIn('PENDING'), propose('RUNNING'), running({ tagLimits }))

  test('are taken all at once', () => {
    expect(besidesEvent(begin(two).effects)).toEqual([{ type: 'acquire-tag-slots', limitIds: ['a', 'b'] }])
  })

  test('are not taken twice', () => {
    const [first, second] = two.map((limit) => ({ ...limit, active: 2, heldByThisRun: true }))
    if (first === undefined || second === undefined) throw new Error('two limits')
    expect(besidesEvent(begin([first, second]).effects)).toEqual([])
    const other = { ...second, active: 1, heldByThisRun: false }
    expect(besidesEvent(begin([first, other]).effects)).toEqual([
      { type: 'acquire-tag-slots', limitIds: ['b'] },
    ])
  })

  test.each([
    [0, 10],
    [0.1, 1],
    [3.4, 3],
    [60, 10],
  ])('that are held for %d s on average are asked for again in %d s', (averageOccupancySeconds, seconds) => {
    const decision = begin([tagLimit({ active: 2, averageOccupancySeconds })])
    expect(decision).toMatchObject({ verdict: 'WAIT', delaySeconds: seconds, effects: [] })
  })

  test('that can never be had are named before those that are only full', () => {
    const full = tagLimit({ tag: 'full', active: 2 })
    const closed = tagLimit({ tag: 'closed', limit: 0, active: 0 })
    expect(begin([full, closed])).toMatchObject({
      verdict: 'ABORT',
      reason: expect.stringContaining('"closed"'),
    })
  })

  test('are given back when the task no longer runs, by every policy', () => {
    const tagLimits = [tagLimit({ heldByThisRun: true })]
    for (const policy of [coreTaskPolicy, clientSideTaskPolicy, backgroundTaskPolicy, minimalTaskPolicy]) {
      const effectsAfter = (type: Parameters<typeof propose>[0]) =>
        besidesEvent(decide(policy, taskRunIn('RUNNING'), propose(type), running({ tagLimits })).effects)
      expect(effectsAfter('COMPLETED')).toEqual([{ type: 'release-tag-slots' }])
      expect(effectsAfter('SCHEDULED')).toEqual([{ type: 'release-tag-slots' }])
      expect(effectsAfter('CANCELLING')).toEqual([])
      expect(effectsAfter('RUNNING')).toEqual([])
    }
  })

  test('are given back when the failed task waits for its retry', () => {
    const run = taskRunIn('RUNNING', { policy: { retries: 1 } })
    const tagLimits = [tagLimit({ heldByThisRun: true })]
    const { effects } = decide(coreTaskPolicy, run, propose('FAILED'), running({ tagLimits }))
    expect(effects).toContainEqual({ type: 'release-tag-slots' })
  })
})

describe('a background task', () => {
  const put = (name: string, details: StateDetails) =>
    besidesEvent(
      decide(backgroundTaskPolicy, taskRunIn('PENDING'), propose('SCHEDULED', { name, details }), facts())
        .effects,
    )

  test('is queued for a task worker, and goes first when it is tried again', () => {
    const deferred = { deferred: true }
    expect(put('Scheduled', deferred)).toEqual([{ type: 'enqueue-background-task', queue: 'scheduled' }])
    expect(put('AwaitingRetry', deferred)).toEqual([{ type: 'enqueue-background-task', queue: 'retry' }])
    expect(put('Scheduled', {})).toEqual([])
  })

  test('takes the id of its parameters along', () => {
    const details = { task_parameters_id: 'p-1', deferred: true }
    for (const [from, to] of [
      ['SCHEDULED', 'PENDING'],
      ['SCHEDULED', 'RUNNING'],
      ['PENDING', 'RUNNING'],
    ] as const) {
      const run = taskRunIn(from, { flowRunId: null }, { details })
      const { write } = decide(backgroundTaskPolicy, run, propose(to), facts())
      expect(write?.details.task_parameters_id).toBe('p-1')
      expect(write?.details.flow_run_id).toBeNull()
    }
  })
})
