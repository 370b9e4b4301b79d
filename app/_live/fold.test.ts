import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change, FlowRunChange, LogChange, TaskRunChange } from '#lib/domain/change.ts'
import { stateTypes } from '#lib/domain/state.ts'
import { foldFlowRun, foldStates, foldTaskRuns, isNewer, latestFlowRuns, newLogLines } from './fold.ts'
import { compareInstants } from './instants.ts'

const ids = ['a', 'b', 'c'] as const
const instant = fc
  .record({
    second: fc.integer({ min: 0, max: 3 }),
    micros: fc.constantFrom('', '.1', '.12', '.123456', '.2'),
  })
  .map(({ second, micros }) => `2026-11-23T14:32:0${second}${micros}Z`)

const flowRun = fc
  .record({
    id: fc.constantFrom(...ids),
    stateAt: instant,
    stateType: fc.constantFrom(...stateTypes),
    runCount: fc.integer({ min: 0, max: 2 }),
    name: fc.constantFrom('x', 'y'),
  })
  .map(
    (some): FlowRunChange => ({
      kind: 'flow-run',
      flowId: 'f',
      stateName: some.stateType,
      stateMessage: '',
      expectedStartAt: null,
      startAt: null,
      endAt: null,
      totalRunTimeSeconds: 0,
      tags: [],
      deploymentId: null,
      parentTaskRunId: null,
      ...some,
    }),
  )

const taskRun = flowRun.map(
  ({ id, stateAt, stateType, runCount, name }): TaskRunChange => ({
    kind: 'task-run',
    id,
    flowRunId: 'r',
    name,
    taskKey: 'k',
    stateId: `${id}${stateAt}`,
    stateType,
    stateName: stateType,
    stateAt,
    stateMessage: '',
    expectedStartAt: null,
    startAt: null,
    endAt: null,
    totalRunTimeSeconds: 0,
    runCount,
    tags: [],
    taskInputs: {},
  }),
)

const log = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), at: instant }).map(
  ({ id, at }): LogChange => ({
    kind: 'log',
    id,
    at: `${at.slice(0, 18)}${id}Z`,
    flowRunId: 'r',
    taskRunId: null,
    workerId: null,
    logger: 'l',
    level: 20,
    message: id,
  }),
)

/** The same changes in another order, some of them twice. */
const shuffled = <T>(changes: readonly T[]) =>
  fc
    .tuple(fc.shuffledSubarray([...changes], { minLength: changes.length }), fc.subarray([...changes]))
    .map(([all, again]) => [...all, ...again])

const foldTasks = (changes: readonly Change[]) =>
  foldTaskRuns<Omit<TaskRunChange, 'kind'>>(
    new Map(),
    changes,
    () => true,
    (change) => change,
  )

const asText = (value: unknown): string =>
  JSON.stringify(
    value instanceof Map ? [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : value,
  )

describe('folding changes', () => {
  test('ends in the same runs whatever order they come in, and however often', () => {
    fc.assert(
      fc.property(
        fc
          .array(flowRun, { maxLength: 12 })
          .chain((changes) => fc.tuple(fc.constant(changes), shuffled(changes))),
        ([changes, other]) => asText(latestFlowRuns(changes)) === asText(latestFlowRuns(other)),
      ),
    )
  })

  test('ends in the same task runs whatever order they come in, in one batch or one by one', () => {
    fc.assert(
      fc.property(
        fc
          .array(taskRun, { maxLength: 12 })
          .chain((changes) => fc.tuple(fc.constant(changes), shuffled(changes))),
        ([changes, other]) => {
          const oneByOne = other.reduce(
            (rows, change) =>
              foldTaskRuns(
                rows,
                [change],
                () => true,
                (next: Omit<TaskRunChange, 'kind'>) => next,
              ),
            new Map() as ReturnType<typeof foldTasks>,
          )
          return asText(foldTasks(changes)) === asText(oneByOne)
        },
      ),
    )
  })

  test('shows each log line once, in the order of time', () => {
    fc.assert(
      fc.property(
        fc
          .array(log, { maxLength: 10 })
          .chain((changes) => fc.tuple(fc.constant(changes), shuffled(changes))),
        ([changes, other]) => {
          const lines = newLogLines(new Set(), changes, () => true)
          expect(asText(newLogLines(new Set(), other, () => true))).toBe(asText(lines))
          return lines.every((line, i) => i === 0 || compareInstants(lines[i - 1]?.at ?? '', line.at) <= 0)
        },
      ),
    )
  })

  test('of two different facts exactly one is newer', () => {
    fc.assert(
      fc.property(flowRun, flowRun, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify({ ...b, id: a.id }))
        return isNewer(a, { ...b, id: a.id }) !== isNewer({ ...b, id: a.id }, a)
      }),
    )
  })

  test('what is deleted stays so, though a late change comes after', () => {
    const [change] = fc.sample(flowRun, 1)
    if (!change) throw new Error('no sample')
    const gone: Change = { kind: 'deleted', noun: 'flow-run', id: change.id, by: 'maya' }
    expect(latestFlowRuns([change, gone, change]).get(change.id)).toBeNull()
  })

  test('nothing new leaves the same object, so that nothing renders', () => {
    const [change] = fc.sample(flowRun, 1)
    if (!change) throw new Error('no sample')
    const { kind: _, ...row } = change
    expect(foldFlowRun(row, change)).toBe(row)
    expect(foldFlowRun(row, { ...change, stateAt: '2020-01-01T00:00:00Z' })).toBe(row)
  })

  test('the states of a run are kept in their order, each once', () => {
    const a = { at: '2026-01-01T00:00:00.1Z', type: 'PENDING', name: 'Pending' } as const
    const b = { at: '2026-01-01T00:00:00.12Z', type: 'RUNNING', name: 'Running' } as const
    expect(
      [b, a, b].reduce<readonly (typeof a | typeof b)[]>((seen, next) => foldStates(seen, next) as never, []),
    ).toEqual([a, b])
  })
})

test('instants compare to the last digit, though their fractions differ in length', () => {
  const second = '2026-11-23T14:32:07'
  expect(compareInstants(`${second}.1Z`, `${second}.12Z`)).toBeLessThan(0)
  expect(compareInstants(`${second}.12Z`, `${second}.1200Z`)).toBe(0)
  expect(compareInstants(`${second}Z`, `${second}.000001Z`)).toBeLessThan(0)
  expect(compareInstants('2026-11-23T14:32:08Z', `${second}.999999Z`)).toBeGreaterThan(0)
})
