import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logLines, quickLogLines } from './log-lines.ts'

const id = '0199c0de-0000-7000-8000-00000000abcd'
const usualLine = {
  name: 'prefect.flow_runs',
  level: 20,
  message: 'hello',
  timestamp: '2026-08-21T16:27:33.123456Z',
  flow_run_id: id,
  task_run_id: null,
}

/** Lines that are mostly right, each member now and then odd or missing. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', 0, 1.5, -32_769, 32_768, true, [], {}, 'x'.repeat(2_001)),
  fc.constantFrom(
    id.toUpperCase(),
    id.replaceAll('-', ''),
    'no id',
    '2026-02-30T00:00:00Z',
    '2026-08-21 16:27',
  ),
  fc.jsonValue(),
)
const member = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd })
const line = fc.record(
  {
    name: member(fc.string()),
    level: member(fc.integer({ min: -32_768, max: 32_767 })),
    message: member(fc.string()),
    timestamp: member(fc.constantFrom(usualLine.timestamp, '2026-08-21T16:27:33+02:00', '0001-01-01')),
    flow_run_id: member(fc.constantFrom(id, null)),
    task_run_id: member(fc.oneof(fc.uuid(), fc.constant(null))),
    worker_id: member(fc.constant(null)),
    more: member(fc.constant(1)),
  },
  { requiredKeys: ['name', 'level', 'message', 'timestamp'] },
)

test('lines that are read quickly are read as the schema reads them', () => {
  let quick = 0
  fc.assert(
    fc.property(fc.oneof(fc.array(line, { maxLength: 4 }), odd), (value) => {
      const read = quickLogLines(value)
      if (read === null) return
      quick++
      expect({ success: true, data: read }).toEqual(logLines.safeParse(value))
    }),
    { numRuns: 2_000 },
  )
  expect(quick).toBeGreaterThan(200)
})

test('what clients send is read quickly', () => {
  expect(
    quickLogLines([usualLine, { ...usualLine, flow_run_id: null, task_run_id: id, worker_id: id }]),
  ).toHaveLength(2)
})

test('an empty instant is none, also on the first line', () => {
  expect(quickLogLines([{ ...usualLine, timestamp: '' }])).toBeNull()
  expect(quickLogLines([{ ...usualLine, timestamp: undefined }])).toBeNull()
})

test('a message beyond the limit is left to the schema, which cuts it', () => {
  const long = [{ ...usualLine, message: 'x'.repeat(1_000_001) }]
  expect(quickLogLines(long)).toBeNull()
  expect(logLines.parse(long)[0]?.message).toHaveLength(1_000_001)
})
