import { expect, test } from 'vitest'
import { DueWork } from './due-work.ts'

const quiet = { poolId: 'pool', sources: ['queue'], untilMicros: Number.POSITIVE_INFINITY, isLimited: false }

test('who hears of due work through the memory finds it there', () => {
  const due = new DueWork((now) => now)
  due.look('w', 'pool').found(quiet)
  const seen: unknown[] = []
  due.onHeard(() => seen.push(due.quiet('w', 'pool')?.untilMicros))
  const signal = { type: 'due', workspaceId: 'w', workPoolId: 'pool', deploymentId: null } as const
  due.heard({ ...signal, workQueueId: 'queue', dueMicros: 7 })
  due.heard({ ...signal, workQueueId: 'another', dueMicros: 3 })
  due.heard({ ...signal, workspaceId: 'another', workQueueId: 'queue', dueMicros: 3 })
  expect(seen).toEqual([7, 7, 7])
})
