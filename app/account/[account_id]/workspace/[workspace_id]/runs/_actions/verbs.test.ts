import { expect, test } from 'vitest'
import { everyRun } from '#lib/control/console/run-filter.ts'
import { stateTypes } from '#lib/domain/state.ts'
import { apiFilterOf, cancelProposal, mayDo, statesFor } from './verbs.ts'

test('what has ended is not cancelled, and only what is paused is resumed', () => {
  expect(statesFor('cancel')).toEqual(['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED'])
  expect(statesFor('resume')).toEqual(['PAUSED'])
  expect(stateTypes.every((type) => mayDo('delete', type) && mayDo('set-state', type))).toBe(true)
})

test('what runs is asked to stop, what waits is over at once', () => {
  expect(cancelProposal('RUNNING').type).toBe('CANCELLING')
  expect(cancelProposal('PENDING').type).toBe('CANCELLING')
  expect(cancelProposal('SCHEDULED').type).toBe('CANCELLED')
  expect(cancelProposal('PAUSED').type).toBe('CANCELLED')
})

test('the filter of the list and the states of a verb are asked for together', () => {
  expect(apiFilterOf(everyRun, null)).toEqual({ flow_runs: {} })
  const filter = {
    ...everyRun,
    states: ['FAILED', 'RUNNING'] as const,
    flowIds: ['f'],
    name: 'x',
    tags: ['a'],
  }
  expect(apiFilterOf(filter, statesFor('cancel'))).toEqual({
    flows: { id: { any_: ['f'] } },
    flow_runs: { state: { type: { any_: ['RUNNING'] } }, name: { like_: 'x' }, tags: { all_: ['a'] } },
  })
})
