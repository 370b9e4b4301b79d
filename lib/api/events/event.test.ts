import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventBody, quickEvent } from './event.ts'

const id = '0199c0de-0000-7000-8000-00000000abcd'
const usualEvent = {
  id,
  occurred: '2026-08-21T16:27:33.123456+00:00',
  event: 'prefect.task-run.Running',
  resource: { 'prefect.resource.id': `prefect.task-run.${id}`, 'prefect.orchestration': 'client' },
  related: [{ 'prefect.resource.id': `prefect.flow-run.${id}`, 'prefect.resource.role': 'flow-run' }],
  payload: { validated_state: { type: 'RUNNING' } },
  follows: null,
}

/** Events that are mostly right, each member now and then odd or missing. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    '',
    0,
    true,
    [],
    {},
    [null],
    [[]],
    id.toUpperCase(),
    id.replaceAll('-', ''),
  ),
  fc.constantFrom<unknown>(
    'x'.repeat(1_025),
    Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`k${i}`, ''])),
  ),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__": {"a": 1}, "prefect.resource.id": "x"}')),
  fc.jsonValue(),
)
const member = (usual: fc.Arbitrary<unknown>, weight = 12) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd })
const labels = (needed: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record({ ...needed, more: fc.dictionary(fc.string(), member(fc.string()), { maxKeys: 2 }) })
    .map(({ more, ...rest }) => ({ ...rest, ...(more as Record<string, unknown>) }))
const resourceId = member(fc.constantFrom('prefect.flow.x', 'y'), 20)
const event = fc.record(
  {
    id: member(fc.uuid()),
    event: member(fc.string({ minLength: 1 })),
    occurred: member(fc.constantFrom(usualEvent.occurred, '2026-08-21T16:27:33Z', '2026-02-30T00:00:00Z')),
    follows: member(fc.constantFrom(id, null)),
    resource: member(labels({ 'prefect.resource.id': resourceId })),
    related: member(
      fc.array(member(labels({ 'prefect.resource.id': resourceId, 'prefect.resource.role': resourceId })), {
        maxLength: 2,
      }),
    ),
    payload: member(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 })),
    more: odd,
  },
  { requiredKeys: ['id', 'event', 'occurred', 'resource'] },
)

test('events that are read quickly are read as the schema reads them', () => {
  let quick = 0
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: event }, { weight: 1, arbitrary: odd }), (value) => {
      const read = quickEvent(value)
      if (read === null) return
      quick++
      const { success, data } = eventBody.safeParse(value)
      expect(success).toBe(true)
      // What the engine makes of null and of nothing is the same.
      const said = (each: typeof read) => ({
        ...each,
        follows: each.follows ?? null,
        related: each.related ?? [],
        payload: each.payload ?? {},
      })
      expect(said(read)).toEqual(data && said(data))
    }),
    { numRuns: 5_000 },
  )
  expect(quick).toBeGreaterThan(200)
})

test.each(['', 0, false, [], 'x'])('a payload that is no object is left to the schema: %j', (payload) => {
  expect(quickEvent({ ...usualEvent, payload })).toBeNull()
  expect(quickEvent({ ...usualEvent, related: payload === false ? 0 : [payload] })).toBeNull()
})

test('what clients send is read quickly', () => {
  expect(quickEvent(usualEvent)).not.toBeNull()
  expect(quickEvent({ ...usualEvent, follows: id, related: undefined, payload: undefined })).not.toBeNull()
})
