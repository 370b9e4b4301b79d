import { expect } from 'vitest'
import { fromTypes } from '../domain/orchestration/compile-policy.ts'
import type { Decision, FromType, RunPatch, RunView } from '../domain/orchestration/decide.ts'
import { dueMicros, ended, now } from '../domain/orchestration/fixtures.ts'
import { books, type Outcome, vocabulary, type Word } from '../domain/orchestration/transitions.table.ts'
import { isFinal, type StateType, stateTypes } from '../domain/state.ts'
import { parseInstant } from '../domain/time.ts'

/** How the tables of transitions are read, and decisions held against them. */

export type Table = ReadonlyMap<string, string>
export const cell = (from: string, to: string): string => `${from} → ${to}`
const wordsOf = (line: string): string[] => line.trim().split(/\s+/)

export const readTable = (text: string): Map<string, string> => {
  const [header, ...rows] = text.trim().split('\n').map(wordsOf)
  expect(header).toEqual(stateTypes)
  expect(rows.map(([from]) => from)).toEqual(fromTypes)
  const table = new Map<string, string>()
  for (const row of rows) setRow(table, row)
  return table
}

const setRow = (table: Map<string, string>, [from, ...cells]: string[]): void => {
  expect(cells, `row ${from}`).toHaveLength(stateTypes.length)
  for (const [i, to] of stateTypes.entries()) table.set(cell(from ?? '', to), cells[i] ?? '')
}

export interface Cells {
  readonly table: string
  readonly rows?: string
  readonly column?: readonly [to: StateType, words: string]
}

export const readCells = ({ table: text, rows, column }: Cells): Table => {
  const table = readTable(text)
  for (const row of rows?.trim().split('\n') ?? []) setRow(table, wordsOf(row))
  if (column !== undefined) {
    const [to, words] = column
    expect(wordsOf(words), `column ${to}`).toHaveLength(fromTypes.length)
    for (const [i, from] of fromTypes.entries()) table.set(cell(from, to), wordsOf(words)[i] ?? '')
  }
  return table
}

export const outcomeOf = (word: string, from: FromType, to: StateType): Outcome => {
  const meaning = (vocabulary as Record<string, Word>)[word]
  if (meaning === undefined) throw new Error(`The vocabulary lacks "${word}"`)
  return typeof meaning === 'function' ? meaning(from, to) : meaning
}

export const bookTable = readTable(books)

/** What the letters of the books say, as columns. */
const patchBy = (
  letters: string,
  run: RunView,
  to: StateType,
): Omit<RunPatch, 'flowRunRunCount' | 'policy' | 'claimToken'> => ({
  runCount: run.runCount + (letters.includes('C') ? 1 : 0),
  startMicros: letters.includes('S') ? (run.startMicros ?? now) : run.startMicros,
  endMicros: letters.includes('E') ? now : letters.includes('e') ? ended : null,
  expectedStartMicros: letters.includes('X')
    ? to === 'SCHEDULED'
      ? dueMicros
      : now
    : run.expectedStartMicros,
  nextScheduledStartMicros: letters.includes('N') ? dueMicros : null,
  totalRunTimeSeconds: run.totalRunTimeSeconds + (letters.includes('T') ? 10 : 0),
})

/** Verdict, reason, the state that is written, and the books. Nothing is written where nothing should be. */
export const expectOutcome = (
  decision: Decision,
  run: RunView,
  from: FromType,
  to: StateType,
  said: Outcome,
) => {
  expect(decision).toMatchObject({
    verdict: said.verdict,
    reason: said.reason ?? '',
    delaySeconds: said.delaySeconds ?? 0,
  })
  const { write, patch } = decision
  if (said.verdict !== 'ACCEPT' && said.written === undefined) {
    expect(write).toBeNull()
    expect(decision.effects).toEqual([])
    const { runCount, startMicros, endMicros, totalRunTimeSeconds, policy } = run
    expect(patch).toMatchObject({ runCount, startMicros, endMicros, totalRunTimeSeconds })
    expect(patch.policy).toBe(policy)
    expect(patch.expectedStartMicros).toBe(run.expectedStartMicros)
    expect(patch.nextScheduledStartMicros).toBe(run.nextScheduledStartMicros)
    return
  }
  if (write === null) throw new Error('nothing is written')
  expect(write.type).toBe(said.written?.type ?? to)
  expect(write.atMicros).toBe(now)
  if (said.written !== undefined) expect(write).toMatchObject(said.written)
  else if (said.name !== undefined) expect(write.name).toBe(said.name)
  if (said.scheduledTime !== undefined) expect(write.details.scheduled_time).toBe(said.scheduledTime)
  if (said.lease !== undefined) expect(write.details.deployment_concurrency_lease_id).toBe(said.lease)

  const letters = bookTable.get(cell(from, write.type)) ?? ''
  const due = said.scheduledTime === undefined ? dueMicros : parseInstant(said.scheduledTime)
  const expected = patchBy(letters, run, write.type)
  expect(patch).toMatchObject({
    ...expected,
    runCount: said.runCount === 'kept' ? run.runCount : (said.runCount ?? expected.runCount),
    nextScheduledStartMicros: write.type === 'SCHEDULED' ? due : null,
    ...(from === 'none' && write.type === 'SCHEDULED' && { expectedStartMicros: due }),
  })
  const policy = { ...run.policy, ...said.policy }
  // A run that is over has no process that waits for its next attempt.
  const over = run.kind === 'flow-run' && isFinal(write.type) && policy.retry_type === 'in_process'
  expect(patch.policy).toEqual({ ...policy, ...(over && { retry_type: null }) })
}

export const everyPair = fromTypes.flatMap((from) => stateTypes.map((to) => [from, to] as const))
