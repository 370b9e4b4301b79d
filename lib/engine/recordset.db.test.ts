import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDatabase } from '../testing/database.ts'
import { plainArray, textArray } from './array-literal.ts'
import { recordset, recordsetOfParts } from './recordset.ts'

const db = await testDatabase()

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\0', '').toWellFormed()),
  fc.constantFrom('', 'NULL', 'null', '{}', '"', '\\', '\\"', 'a,b', '{"a":"\\\\n"}', ' ', '\n'),
  fc.constantFrom('\x1d', '\x1e', 'a\x1eb', '\x1d\x1d', '\x1f'),
)

test('array literals come back as they went in, whatever the text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(anyText), { maxLength: 20 }), async (items) => {
      const rows = await db.engine<{ item: string | null }[]>`
        select item from unnest(${textArray(items)}::text[]) with ordinality t (item, n) order by n`
      expect(rows.map((row) => row.item)).toEqual(items)
    }),
    { numRuns: 100 },
  )
  const rows = await db.engine`select array_to_json(${plainArray([1, null, 3])}::int[])::text as items`
  expect(rows).toEqual([{ items: '[1,null,3]' }])
})

interface Row {
  readonly id: string | null
  readonly at: string | null
  readonly n: number | null
  readonly seconds: number
  readonly is_so: boolean
  readonly name: string | null
  readonly tags: readonly string[]
  readonly raw: string | null
  readonly value: unknown
}

const rowsAsSent = recordset<Row>({
  id: 'uuid',
  at: 'timestamptz',
  n: 'int',
  seconds: 'float8',
  is_so: 'bool',
  name: 'text',
  tags: 'text[]',
  raw: 'json',
  value: 'jsonb',
})

test('rows come back as they went in, in their order, whatever they hold', async () => {
  const storable = fc.jsonValue().filter((value) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)))
  const row: fc.Arbitrary<Row> = fc.record({
    id: fc.option(fc.uuid()),
    at: fc.option(fc.constantFrom('2026-08-21T16:27:33.123456Z', '0001-01-01T00:00:00.000000Z')),
    n: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    seconds: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
    is_so: fc.boolean(),
    name: fc.option(anyText),
    tags: fc.array(anyText, { maxLength: 3 }),
    raw: fc.option(fc.constantFrom('{}', '[1.0, 12345678901234567890]', ' {"a" :\n"\\u001e"}', 'null')),
    value: fc.option(storable.map((value) => JSON.parse(JSON.stringify(value)) as unknown)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), async (rows) => {
      const back = await db.engine`select * from ${rowsAsSent(db.engine, rows)} r`
      expect(back.map(({ isSo, ...rest }) => ({ ...rest, is_so: isSo }))).toEqual(
        rows.map((each) => ({ ...each, at: each.at?.replace(/\.?0+Z$/, 'Z') ?? null })),
      )
    }),
    { numRuns: 200 },
  )
})

test('columns that repeat come back with every row, and instants to the microsecond', async () => {
  interface Line {
    readonly who: string | null
    readonly logger: string | null
    readonly at: number
    readonly text: string | null
  }
  const lines = recordset<Line>({ who: 'uuid', at: 'micros', logger: 'text', text: 'text' }, [
    'who',
    'logger',
  ])
  const line: fc.Arbitrary<Line> = fc.record({
    who: fc.option(
      fc.constantFrom('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'),
    ),
    logger: fc.option(anyText),
    at: fc.integer({ min: -62_135_596_800_000_000, max: 8_000_000_000_000_000 }),
    text: fc.option(anyText),
  })
  // Each several times, as lines of one run come.
  const stretch = fc.tuple(line, fc.integer({ min: 1, max: 3 })).map(([one, n]) => Array<Line>(n).fill(one))
  await fc.assert(
    fc.asyncProperty(fc.array(stretch, { maxLength: 5 }), async (stretches) => {
      const rows = stretches.flat()
      const back = await db.engine<Line[]>`
        select who, logger, (extract(epoch from at) * 1000000)::bigint as at, text from ${lines(db.engine, rows)} r`
      expect([...back]).toEqual(rows)
      const { columns } = await db.engine`select * from ${lines(db.engine, rows)} r`
      expect(columns.map(({ name }) => name)).toEqual(['who', 'at', 'logger', 'text'])
    }),
    { numRuns: 200 },
  )
})

test('rows in parts come back under the names of all their columns', async () => {
  const inParts = recordsetOfParts<{
    readonly who: { readonly id: string; readonly name: string | null }
    readonly what: { readonly n: number | null; readonly value: unknown }
  }>({ who: { id: 'uuid', name: 'text' }, what: { n: 'int', value: 'jsonb' } })
  const id = '00000000-0000-7000-8000-000000000001'
  const rows = [
    { who: { id, name: 'a\x1eb' }, what: { n: null, value: { x: [1] } } },
    { who: { id, name: null }, what: { n: 2, value: null } },
  ]
  expect([...(await db.engine`select * from ${inParts(db.engine, rows)} r`)]).toEqual(
    rows.map(({ who, what }) => ({ ...who, ...what })),
  )
})
