import { expect, test } from 'vitest'
import type { FlowOfRun } from './creation-reads.ts'
import { KnownFlows } from './known-flows.ts'

const flow = (id: string, more: Partial<FlowOfRun> = {}): FlowOfRun => ({
  ...{ workspaceId: 'w', id, name: 'flow', tags: [], labelsOfRuns: {}, version: '1' },
  ...more,
})
const keyed = (...flows: readonly FlowOfRun[]) =>
  new Map(flows.map((each) => [`${each.workspaceId} ${each.id}`, each]))
const run = (flowId: string, workspaceId = 'w') => ({ workspaceId, flowId })

test('flows are known together, each once, and only to their tenant', () => {
  const known = new KnownFlows()
  known.keep(keyed(flow('a'), flow('b')))
  expect(known.of([run('a'), run('b'), run('a')])?.size).toBe(2)
  expect(known.of([run('a'), run('c')])).toBeNull()
  expect(known.of([run('a', 'another')])).toBeNull()
  known.forget(['w a'])
  expect(known.of([run('a')])).toBeNull()
  expect(known.of([run('b')])?.size).toBe(1)
})

test('what is large is not kept, and neither is more than there is room for', () => {
  const known = new KnownFlows()
  known.keep(keyed(flow('large', { labelsOfRuns: { text: 'x'.repeat(5_000) } })))
  expect(known.of([run('large')])).toBeNull()
  for (let i = 0; i < 5_000; i++) known.keep(keyed(flow(`f${i}`)))
  expect(known.of([run('f0')])).toBeNull()
  expect(known.of([run('f4999')])?.size).toBe(1)
})
