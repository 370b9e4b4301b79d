import { describe, expect, test } from 'vitest'
import { stateTypes } from '#lib/domain/state.ts'
import { families, isLate, showState, stateTable, stateWord } from './states.ts'

describe('the table of states', () => {
  test.each([
    ['SCHEDULED', 'Scheduled', 'Scheduled', 'wait', 'clock'],
    ['SCHEDULED', 'Late', 'Late', 'late', 'clock-alert'],
    ['SCHEDULED', 'AwaitingRetry', 'Awaiting retry', 'late', 'timer-reset'],
    ['PENDING', 'Pending', 'Pending', 'wait', 'circle-dashed'],
    ['RUNNING', 'Running', 'Running', 'live', 'running'],
    ['RUNNING', 'Retrying', 'Retrying', 'live', 'refresh'],
    ['PAUSED', 'Paused', 'Paused', 'hold', 'circle-pause'],
    ['PAUSED', 'Suspended', 'Suspended', 'hold', 'moon'],
    ['CANCELLING', 'Cancelling', 'Cancelling', 'stop', 'circle-stop'],
    ['COMPLETED', 'Completed', 'Completed', 'good', 'circle-check'],
    ['COMPLETED', 'Cached', 'Cached', 'good', 'copy-check'],
    ['COMPLETED', 'Skipped', 'Skipped', 'wait', 'skip-forward'],
    ['COMPLETED', 'RolledBack', 'Rolled back', 'stop', 'undo'],
    ['FAILED', 'Failed', 'Failed', 'fail', 'failed'],
    ['FAILED', 'TimedOut', 'Timed out', 'fail', 'timer-off'],
    ['CRASHED', 'Crashed', 'Crashed', 'crash', 'crashed'],
    ['CANCELLED', 'Cancelled', 'Cancelled', 'stop', 'ban'],
  ] as const)('%s %s is shown as %s in %s with %s', (type, name, word, family, glyph) => {
    expect(showState(type, name)).toMatchObject({ word, family, glyph })
  })

  test('an unknown name takes its type’s family and icon', () => {
    expect(showState('FAILED', 'OutOfMemory')).toMatchObject({
      word: 'Out of memory',
      family: 'fail',
      glyph: 'failed',
    })
    expect(showState('COMPLETED', 'trained-well')).toMatchObject({ word: 'Trained well', family: 'good' })
  })

  test('every type has a family that the tokens know', () => {
    for (const type of stateTypes) expect(families).toContain(stateTable[type].family)
  })

  test('only what ended well, waits or was cancelled is quiet', () => {
    const loud = stateTypes.filter((type) => !showState(type, type).quiet)
    expect(loud).toEqual(['RUNNING', 'PAUSED', 'CANCELLING', 'FAILED', 'CRASHED'])
  })
})

test.each([
  ['AwaitingRetry', 'Awaiting retry'],
  ['CRASHED', 'Crashed'],
  ['late', 'Late'],
  ['AwaitingConcurrencySlot', 'Awaiting concurrency slot'],
  ['', ''],
])('the word of %s is %s', (name, word) => {
  expect(stateWord(name)).toBe(word)
})

test('a run is late from 15 s after its time on, and only while it is scheduled', () => {
  const at = Date.parse('2026-11-23T14:00:00Z')
  const run = {
    stateType: 'SCHEDULED',
    stateName: 'Scheduled',
    expectedStartAt: '2026-11-23T14:00:00Z',
  } as const
  expect(isLate(run, at + 15_000)).toBe(false)
  expect(isLate(run, at + 15_001)).toBe(true)
  expect(isLate({ ...run, stateName: 'AwaitingRetry' }, at + 60_000)).toBe(false)
  expect(isLate({ ...run, stateType: 'RUNNING' }, at + 60_000)).toBe(false)
})
