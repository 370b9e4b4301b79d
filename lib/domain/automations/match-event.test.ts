import { describe, expect, test } from 'vitest'
import { eventTrigger } from './fixtures.ts'
import { eventMatcher, namePattern, type SeenEvent, windowKey } from './match-event.ts'

describe('a pattern', () => {
  test.each([
    ['prefect.flow-run.Failed', 'prefect.flow-run.Failed', true],
    ['prefect.flow-run.Failed', 'prefect.flow-run.Failed2', false],
    ['prefect.flow-run.*', 'prefect.flow-run.Failed', true],
    ['prefect.flow-run.*', 'prefect.flow', false],
    ['*', '', true],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*.done', 'x.done', true],
    ['a.b', 'aXb', false],
  ])('%s, held against %j: %s', (pattern, name, fits) => expect(namePattern(pattern)(name)).toBe(fits))

  // A regular expression would take for ever.
  test('may have many stars', () =>
    expect(namePattern('*a'.repeat(500))(`${'a'.repeat(100_000)}b`)).toBe(false))
})

const event: SeenEvent = {
  id: 'e',
  event: 'order.made',
  atMicros: 0,
  resource: { 'prefect.resource.id': 'order.1', colour: 'red' },
  related: [
    { 'prefect.resource.id': 'prefect.flow.f', 'prefect.resource.role': 'flow', team: 'blue' },
    { 'prefect.resource.id': 'prefect.flow.g', 'prefect.resource.role': 'flow', team: 'green' },
    { 'prefect.resource.id': 'prefect.tag.t', 'prefect.resource.role': 'tag' },
  ],
}

describe('an event', () => {
  test.each([
    [{ expect: ['order.made'] }, 'counts'],
    [{ expect: ['order.*'] }, 'counts'],
    [{}, 'counts'],
    [{ expect: ['other'] }, 'passes'],
    [{ expect: ['other'], after: ['order.made'] }, 'opens'],
    [{ expect: ['order.*'], after: ['order.made'] }, 'opens and counts'],
    [{ match: { colour: 'red' } }, 'counts'],
    [{ match: { colour: '!red' } }, 'passes'],
    [{ match: { colour: '!blue' } }, 'counts'],
    [{ match: { colour: ['blue', 'r*'] } }, 'counts'],
    [{ match: { colour: [] } }, 'passes'],
    [{ match: { absent: '*' } }, 'passes'],
    [{ match: { absent: '!x' } }, 'passes'],
    [{ match: { constructor: '*' } }, 'passes'],
    [{ match: { colour: 'red', 'prefect.resource.id': 'order.2' } }, 'passes'],
    [{ match_related: { team: 'green' } }, 'counts'],
    [{ match_related: { team: 'green', 'prefect.resource.id': 'prefect.flow.f' } }, 'passes'],
    [{ match_related: [{ team: 'green' }, { 'prefect.resource.role': 'tag' }] }, 'counts'],
    [{ match_related: [{ team: 'green' }, { 'prefect.resource.role': 'deployment' }] }, 'passes'],
    [{ match_related: [] }, 'counts'],
  ] as const)('held against %j %s', (trigger, what) => {
    const relevance = eventMatcher(eventTrigger(trigger))(event)
    const words = relevance
      ? [relevance.opens && 'opens', relevance.isExpected && 'counts'].filter(Boolean).join(' and ')
      : 'passes'
    expect(words).toBe(what)
  })

  test('chooses its window by labels of its own and of the first relative in a role', () => {
    const for_each = ['colour', 'related:flow:team', 'related:deployment:team', 'absent', 'toString']
    expect(windowKey(eventTrigger({ for_each }), event)).toEqual(['red', 'blue', '', '', ''])
  })
})
