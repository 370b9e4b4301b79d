import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, LogChange } from '../domain/change.ts'
import { createHub } from './create-hub.ts'

const line = (n: number, flowRunId = 'run'): LogChange => ({
  kind: 'log',
  id: String(n),
  flowRunId,
  taskRunId: null,
  workerId: null,
  logger: 'x',
  level: 20,
  at: '2026-01-01T00:00:00Z',
  message: '',
})

const collect = () => {
  const got: string[] = []
  const gaps: string[] = []
  return {
    got,
    gaps,
    handlers: {
      onChanges: (changes: readonly Change[]) => got.push(...changes.map((c) => ('id' in c ? c.id : ''))),
      onGap: (cursor: string) => gaps.push(cursor),
    },
  }
}

test('a page goes on from its cursor: nothing is missed and nothing comes twice, however publishing and reading interleave', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { maxLength: 40 }), fc.nat(40), (sizes, resumeAt) => {
      const hub = createHub()
      let n = 0
      let cursor = hub.cursor('w')
      let expectedFrom = 0
      const { got, gaps, handlers } = collect()
      let subscribed = false
      sizes.forEach((size, i) => {
        if (i === resumeAt) {
          hub.subscribe('w', 'everything', cursor, handlers)
          subscribed = true
        }
        hub.publish(
          'w',
          Array.from({ length: size }, () => line(n++)),
        )
        if (i < resumeAt && i % 3 === 0) {
          cursor = hub.cursor('w')
          expectedFrom = n
        }
      })
      if (!subscribed) hub.subscribe('w', 'everything', cursor, handlers)
      expect(gaps).toEqual([])
      expect(got).toEqual(Array.from({ length: n - expectedFrom }, (_, i) => String(expectedFrom + i)))
    }),
  )
})

test('a cursor of another life, or one too old, is a gap', () => {
  const hub = createHub()
  const old = hub.cursor('w')
  for (let i = 0; i < 30; i++)
    hub.publish(
      'w',
      Array.from({ length: 500 }, (_, n) => line(n)),
    )
  for (const cursor of [old, createHub().cursor('w'), 'nonsense', '']) {
    const { got, gaps, handlers } = collect()
    hub.subscribe('w', 'runs', cursor, handlers)
    expect([got.length, gaps.length]).toEqual([0, 1])
  }
})

test('a topic of several things gets each of them', () => {
  const hub = createHub()
  const { got, handlers } = collect()
  hub.subscribe('w', 'objects:work-pool,flow-run:run', hub.cursor('w'), handlers)
  const pool = { kind: 'object', noun: 'work-pool', id: 'pool', happened: 'updated' } as const
  hub.publish('w', [line(1), line(2, 'another'), pool, { ...pool, noun: 'variable', id: 'variable' }])
  expect(got).toEqual(['1', 'pool'])
})

test('a topic gets what belongs to it, of its own workspace only', () => {
  const hub = createHub()
  const { got, handlers } = collect()
  const subscription = hub.subscribe('w', 'flow-run:run', hub.cursor('w'), handlers)
  hub.publish('w', [line(1), line(2, 'another')])
  hub.publish('other workspace', [line(3)])
  subscription.close()
  hub.publish('w', [line(4)])
  expect(got).toEqual(['1'])
})
