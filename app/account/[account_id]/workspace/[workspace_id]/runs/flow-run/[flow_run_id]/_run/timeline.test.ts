import { describe, expect, test } from 'vitest'
import type { TaskRunRow } from '#lib/control/console/rows.ts'
import { endedAxis, growingAxis } from './axis.ts'
import { segmentsOf } from './segments.ts'
import { related, timelineRows } from './timeline-rows.ts'

const t = (second: number) => `2026-11-23T14:00:${String(second).padStart(2, '0')}Z`
const ms = (second: number) => Date.parse(t(second))
const task = (id: string, some: Partial<TaskRunRow> = {}): TaskRunRow => ({
  id,
  flowRunId: 'r',
  name: id,
  taskKey: id,
  stateId: id,
  stateType: 'COMPLETED',
  stateName: 'Completed',
  stateAt: t(10),
  stateMessage: '',
  expectedStartAt: t(0),
  startAt: t(1),
  endAt: t(10),
  totalRunTimeSeconds: 9,
  runCount: 1,
  tags: [],
  taskInputs: {},
  childFlowRunId: null,
  ...some,
})
const from = (...ids: string[]) => ({ x: ids.map((id) => ({ input_type: 'task_run', id })) })

describe('the bar of a task run', () => {
  test('is one stretch when it was tried once', () => {
    expect(segmentsOf(task('a'), [])).toEqual([
      { family: 'good', waits: false, fromMs: ms(1), toMs: ms(10), attempt: 1 },
    ])
  })

  test('goes on while it runs, and is none before it begins', () => {
    expect(
      segmentsOf(task('a', { stateType: 'RUNNING', stateName: 'Running', endAt: null }), [])[0]?.toMs,
    ).toBeNull()
    expect(
      segmentsOf(task('a', { stateType: 'PENDING', stateName: 'Pending', startAt: null, endAt: null }), []),
    ).toEqual([])
  })

  test('shows each attempt and each wait between two', () => {
    const seen = [
      { at: t(0), type: 'PENDING', name: 'Pending' },
      { at: t(1), type: 'RUNNING', name: 'Running' },
      { at: t(3), type: 'SCHEDULED', name: 'AwaitingRetry' },
      { at: t(5), type: 'RUNNING', name: 'Retrying' },
      { at: t(10), type: 'COMPLETED', name: 'Completed' },
    ] as const
    expect(
      segmentsOf(task('a', { runCount: 2 }), seen).map((s) => [s.family, s.waits, s.attempt, s.toMs]),
    ).toEqual([
      ['fail', false, 1, ms(3)],
      ['late', true, 0, ms(5)],
      ['good', false, 2, ms(10)],
    ])
  })
})

describe('the rows of a timeline', () => {
  const rows = (tasks: TaskRunRow[], open: string[] = []) => timelineRows(tasks, new Map(), new Set(open))

  test('stand in the order of their start; what waits stands last', () => {
    const waiting = task('w', { startAt: null, endAt: null, stateType: 'PENDING', stateName: 'Pending' })
    expect(rows([waiting, task('b', { startAt: t(2) }), task('a')]).map((row) => row.id)).toEqual([
      'a',
      'b',
      'w',
    ])
  })

  test('fold mapped tasks from five on, into one row that shows the worst', () => {
    const mapped = [0, 1, 2, 3, 4].map((n) =>
      task(`m-${n}`, {
        taskKey: 'm',
        ...(n === 3 ? { stateType: 'FAILED', stateName: 'Failed', endAt: t(20) } : {}),
      }),
    )
    const [fold, ...others] = rows([
      ...mapped,
      task('after', { startAt: t(21), taskInputs: from('m-1', 'm-2') }),
    ])
    expect(fold).toMatchObject({
      label: 'm[0-4]',
      runs: 5,
      segments: [{ family: 'fail', fromMs: ms(1), toMs: ms(20) }],
    })
    expect(others).toMatchObject([{ id: 'after', from: ['group:m'] }])
    expect(rows(mapped, ['m']).map((row) => row.depth)).toEqual([0, 1, 1, 1, 1, 1])
    expect(rows(mapped.slice(1))).toHaveLength(4)
  })

  test('a chosen row keeps what is up- and downstream of it', () => {
    const all = rows([
      task('a'),
      task('b', { taskInputs: from('a') }),
      task('c', { taskInputs: from('b') }),
      task('other'),
    ])
    expect([...related(all, 'b')].sort()).toEqual(['a', 'b', 'c'])
  })
})

describe('the axis', () => {
  test.each([0, 0.004, 0.7, 38, 972, 5000, 90_000, 4e6])(
    'has at most five ticks for a run of %f s',
    (seconds) => {
      for (const axis of [endedAxis(seconds), growingAxis(seconds)]) {
        expect(axis.ticks.length).toBeGreaterThanOrEqual(1)
        expect(axis.ticks.length).toBeLessThanOrEqual(5)
      }
    },
  )

  test('of what runs leaves room, and stands still for a while', () => {
    expect(growingAxis(100).spanSeconds).toBeGreaterThan(100)
    expect(growingAxis(101).spanSeconds).toBe(growingAxis(100).spanSeconds)
  })
})
