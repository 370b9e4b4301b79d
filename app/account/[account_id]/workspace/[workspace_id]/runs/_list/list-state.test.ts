import { expect, test } from 'vitest'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import { everyRun } from '#lib/control/console/run-filter.ts'
import type { FlowRunChange } from '#lib/domain/change.ts'
import { foldList, letIn, startList } from './list-state.ts'

const run = (id: string, minute: number, some: Partial<FlowRunChange> = {}): FlowRunChange => ({
  kind: 'flow-run',
  id,
  flowId: 'f',
  name: id,
  stateType: 'RUNNING',
  stateName: 'Running',
  stateAt: `2026-11-23T14:${minute}:00Z`,
  stateMessage: '',
  expectedStartAt: `2026-11-23T14:${minute}:00Z`,
  startAt: null,
  endAt: null,
  totalRunTimeSeconds: 0,
  runCount: 1,
  tags: [],
  deploymentId: null,
  parentTaskRunId: null,
  ...some,
})
const row = (id: string, minute: number): FlowRunRow => {
  const { kind: _, ...rest } = run(id, minute)
  return { ...rest, flowName: 'etl', deploymentName: null }
}
const names = (state: { readonly rows: readonly FlowRunRow[] }) => state.rows.map((each) => each.id)

test('a shown run changes in place and stays, though the filter would no longer choose it', () => {
  const running = { ...everyRun, states: ['RUNNING'] as const }
  const ended = run('b', 20, {
    stateType: 'COMPLETED',
    stateName: 'Completed',
    stateAt: '2026-11-23T14:40:00Z',
  })
  const state = foldList(startList([row('a', 30), row('b', 20)]), [ended], running, true)
  expect(names(state)).toEqual(['a', 'b'])
  expect(state.rows[1]).toMatchObject({ stateType: 'COMPLETED', flowName: 'etl' })
})

test('a new run waits until it is let in, and then stands at its place', () => {
  const state = foldList(
    startList([row('a', 30), row('b', 20)]),
    [run('n', 40), run('m', 25)],
    everyRun,
    true,
  )
  expect(names(state)).toEqual(['a', 'b'])
  expect(names(letIn(state, new Map([['f', 'etl']]), 50))).toEqual(['n', 'a', 'm', 'b'])
})

test('the page keeps its size, and a run older than its last row belongs to a later page', () => {
  const state = foldList(
    startList([row('a', 30), row('b', 20)]),
    [run('n', 40), run('old', 10)],
    everyRun,
    true,
  )
  expect(names(letIn(state, new Map(), 2))).toEqual(['n', 'a'])
})

test('later pages take no new runs', () => {
  expect(foldList(startList([row('a', 30)]), [run('n', 40)], everyRun, false).waiting.size).toBe(0)
})

test('a deleted run goes and does not come back', () => {
  const gone = foldList(
    startList([row('a', 30)]),
    [{ kind: 'deleted', noun: 'flow-run', id: 'a', by: 'maya' }],
    everyRun,
    true,
  )
  expect(names(foldList(gone, [run('a', 30)], everyRun, true))).toEqual([])
})
