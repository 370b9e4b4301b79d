import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RawJson } from '../domain/state.ts'
import { KnownRuns } from './known-runs.ts'
import type { StoredFlowRun } from './stored.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const key = (runId: string, workspaceId = 'w') => ({ workspaceId, runId })

/** Safe: it has what decides whether a run is kept. */
const run = (id: string, more: Partial<StoredFlowRun> = {}): StoredFlowRun =>
  ({
    workspaceId: 'w',
    id,
    name: 'run',
    tags: [],
    stateType: 'RUNNING',
    stateMessage: '',
    stateData: null,
    stateDetails: {},
    empiricalPolicy: {},
    deploymentId: null,
    workQueueId: null,
    claim: null,
    ...more,
  }) as StoredFlowRun

test('runs are taken together, once, and only by their tenant', () => {
  const known = new KnownRuns()
  known.keep(run('a'))
  known.keep(run('b'))
  expect(known.take([key('a'), key('c')])).toBeNull()
  expect(known.take([key('a', 'another')])).toBeNull()
  expect(known.take([key('a'), key('b')])?.size).toBe(2)
  expect(known.take([key('a')])).toBeNull()
})

const claim: StoredFlowRun['claim'] = {
  ...{ token: 't', holder_type: 'agent', holder_id: null, holder_name: null },
  ...{ claimed_at: '2026-01-01T00:00:00Z', beat_at: null, expires_at: null },
}

test.each<[string, Partial<StoredFlowRun>]>([
  ['is over', { stateType: 'COMPLETED' }],
  ['has a deployment', { deploymentId: 'd' }],
  ['waits in a queue', { workQueueId: 'q' }],
  ['was claimed', { claim }],
  ['holds a large result', { stateData: `"${'x'.repeat(5_000)}"` as RawJson }],
  ['has thousands of tags', { tags: Array.from({ length: 5_000 }, (_, i) => `t${i}`) }],
  ['has large details', { stateDetails: { retriable: false, more: { text: 'x'.repeat(5_000) } } as never }],
])('a run that %s is not kept, nor what was known of it before', (_, more) => {
  const known = new KnownRuns()
  known.keep(run('a'))
  known.keep(run('a', more))
  expect(known.take([key('a')])).toBeNull()
})

test('runs are forgotten on demand, and when nobody asked for two minutes', () => {
  const known = new KnownRuns()
  known.keep(run('a'))
  known.forget(key('a'))
  expect(known.take([key('a')])).toBeNull()
  known.keep(run('b'))
  vi.advanceTimersByTime(60_000)
  const [b] = known.take([key('b')])?.values() ?? []
  known.keep(b as StoredFlowRun)
  vi.advanceTimersByTime(120_000)
  expect(known.take([key('b')])).toBeNull()
  expect(vi.getTimerCount()).toBe(0)
})

test('the memory has an end: of very many runs the oldest are forgotten', () => {
  const known = new KnownRuns()
  for (let i = 0; i < 70_000; i++) known.keep(run(`r${i}`))
  expect(known.take([key('r0')])).toBeNull()
  expect(known.take([key('r69999'), key('r40000')])?.size).toBe(2)
})

test('once something was not so, runs are looked at for a while', () => {
  const known = new KnownRuns()
  known.keep(run('a'))
  known.doubt()
  expect(known.take([key('a')])).toBeNull()
  vi.advanceTimersByTime(10_001)
  expect(known.take([key('a')])?.size).toBe(1)
})
