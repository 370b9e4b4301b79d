import { expect, test } from 'vitest'
import { DueWork, type Quiet } from './due-work.ts'

const quiet: Quiet = {
  poolId: 'pool',
  sources: ['queue'],
  runs: 'any',
  untilMicros: Number.POSITIVE_INFINITY,
  isLimited: false,
}
const signal = {
  type: 'due',
  workspaceId: 'w',
  workPoolId: 'pool',
  deploymentId: null,
  language: null,
} as const

test('who hears of due work through the memory finds it there', () => {
  const due = new DueWork((now) => now)
  due.look('w', 'pool').found(quiet)
  const seen: unknown[] = []
  due.onHeard(() => seen.push(due.quiet('w', 'pool')?.untilMicros))
  due.heard({ ...signal, workQueueId: 'queue', dueMicros: 7 })
  due.heard({ ...signal, workQueueId: 'another', dueMicros: 3 })
  due.heard({ ...signal, workspaceId: 'another', workQueueId: 'queue', dueMicros: 3 })
  expect(seen).toEqual([7, 7, 7])
})

test('what somebody cannot run does not disturb the quiet in which it waits', () => {
  const due = new DueWork((now) => now)
  const until = () => ['any', 'typescript'].map((key) => due.quiet('w', key)?.untilMicros)
  due.look('w', 'any').found(quiet)
  due.look('w', 'typescript').found({ ...quiet, runs: 'typescript' })
  due.heard({ ...signal, workQueueId: 'queue', language: 'python', dueMicros: 7 })
  expect(until()).toEqual([7, Number.POSITIVE_INFINITY])
  due.heard({ ...signal, workQueueId: 'queue', language: 'typescript', dueMicros: 6 })
  due.heard({ ...signal, workQueueId: 'queue', dueMicros: 5 })
  expect(until()).toEqual([5, 5])
})
