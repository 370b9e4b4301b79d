import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stateTypes } from '#lib/domain/state.ts'
import {
  filterOf,
  matchesRun,
  nothingMatches,
  parseRunQuery,
  placeOf,
  type RunQuery,
  ranges,
  runQueryString,
  statesInWords,
  turnsOf,
  withFilter,
} from './query.ts'

const id = '0193578e-6b1c-7d44-9f3e-2a90c1f7be55'
const read = (query: string) => {
  const params = new URLSearchParams(query)
  return parseRunQuery(
    Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)] as const)),
  )
}

describe('the address of the runs page', () => {
  test('reads back as it was written', () => {
    const query = fc.record({
      range: fc.oneof(
        fc.constantFrom(...ranges),
        fc.constant({ fromAt: '2026-11-22T14:02:00.000Z', toAt: '2026-11-23T14:02:00.000Z' }),
      ),
      states: fc.oneof(
        fc.constant(null),
        fc
          .subarray([...stateTypes], { minLength: 1, maxLength: 8 })
          .map((some) => stateTypes.filter((t) => some.includes(t))),
      ),
      flowIds: fc.subarray([id, id.replace('0', '1')]),
      name: fc.oneof(fc.constant(null), fc.stringMatching(/^[a-zé/&=%+-]{1,20}$/)),
      tags: fc.subarray(['crm', 'tier 1', 'a&b', 'eu, us']),
      deploymentIds: fc.subarray([id, id.replace('0', '2')]),
      older: fc.oneof(fc.constant(undefined), fc.constant({ at: '2026-11-22T14:02:00.123456Z', id })),
    })
    fc.assert(
      fc.property(query, ({ older, ...rest }) => {
        const wanted: RunQuery = { ...rest, ...(older ? { older } : {}) }
        expect(read(runQueryString(wanted))).toEqual(wanted)
      }),
    )
  })

  test('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('range', 'from', 'to', 'state', 'flow', 'name', 'tag', 'older', 'newer'),
          fc.oneof(fc.string(), fc.array(fc.string())),
        ),
        (params) => {
          runQueryString(parseRunQuery(params))
        },
      ),
    )
  })

  test('leaves out what it cannot read', () => {
    expect(
      read('range=soon&state=nope&flow=1&older=x~y&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'),
    ).toEqual({
      range: '24h',
      states: null,
      flowIds: [],
      name: null,
      tags: [],
      deploymentIds: [],
    })
  })

  test('asking for nothing special is the bare page', () => {
    expect(runQueryString(read(''))).toBe('')
  })

  test('a changed filter begins at the newest page', () => {
    const query = read(`older=2026-11-22T14:02:00Z~${id}`)
    expect(withFilter(query, { name: 'x' })).not.toHaveProperty('older')
  })
})

test('a change belongs to the list under the conditions that the database has', () => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z')
  const run = {
    id,
    flowId: id,
    name: 'Quiet-Falcon',
    stateType: 'RUNNING',
    stateName: 'Running',
    stateAt: '2026-11-23T11:00:00Z',
    stateMessage: '',
    expectedStartAt: '2026-11-23T11:00:00Z',
    startAt: null,
    endAt: null,
    totalRunTimeSeconds: 0,
    runCount: 1,
    tags: ['crm', 'ml'],
    deploymentId: null,
    parentTaskRunId: null,
  } as const
  const matches = (query: string) => matchesRun(filterOf(read(query), nowMs), run)
  expect(matches('')).toBe(true)
  expect(matches('range=1h')).toBe(true)
  expect(matches('state=failed')).toBe(false)
  expect(matches('state=failed,running')).toBe(true)
  expect(matches('name=falcon')).toBe(true)
  expect(matches('name=heron')).toBe(false)
  expect(matches('tag=crm&tag=ml')).toBe(true)
  expect(matches('tag=crm&tag=other')).toBe(false)
  expect(matches(`flow=${id}`)).toBe(true)
  expect(matches(`flow=${id.replace('0', '1')}`)).toBe(false)
  expect(matches('from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z')).toBe(false)
})

test('filters are said in words', () => {
  expect(statesInWords(['FAILED', 'CRASHED'])).toBe('failed or crashed')
  expect(statesInWords(stateTypes.filter((type) => type !== 'SCHEDULED'))).toBe('all but scheduled')
  expect(nothingMatches(read('state=failed&tag=crm&range=1h'))).toBe(
    'No failed runs tagged crm in the last hour',
  )
  expect(nothingMatches(read('range=all&name=x'))).toBe('No runs named x')
})

test('the pages around one are asked for from its first and its last row', () => {
  const row = (n: number) => ({ id: `${n}`, expectedStartAt: `2026-11-23T1${n}:00:00Z` })
  const page = { rows: [row(2), row(1)] as never, hasNewer: true, hasOlder: true }
  const query = read('state=failed&older=2026-11-23T11:30:00Z~00000000-0000-7000-8000-000000000000')
  expect(placeOf(query)).toEqual({
    older: { at: '2026-11-23T11:30:00Z', id: '00000000-0000-7000-8000-000000000000' },
  })
  expect(turnsOf('/runs', query, page)).toEqual({
    previousHref: '/runs?state=failed&newer=2026-11-23T12:00:00Z~2',
    nextHref: '/runs?state=failed&older=2026-11-23T11:00:00Z~1',
  })
  expect(turnsOf('/runs', query, { ...page, hasNewer: false, hasOlder: false })).toEqual({
    previousHref: null,
    nextHref: null,
  })
  expect(placeOf(read(''))).toEqual({})
})
