import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDatabase } from '../testing/database.ts'
import { plainArray, textArray } from './array-literal.ts'

const db = await testDatabase()

test('array literals come back as they went in, whatever the text', async () => {
  const item = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\0', '').toWellFormed()),
    fc.constantFrom('', 'NULL', 'null', '{}', '"', '\\', '\\"', 'a,b', '{"a":"\\\\n"}', ' ', '\n'),
    fc.constant(null),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 20 }), async (items) => {
      const rows = await db.engine<{ item: string | null }[]>`
        select item from unnest(${textArray(items)}::text[]) with ordinality t (item, n) order by n`
      expect(rows.map((row) => row.item)).toEqual(items)
    }),
    { numRuns: 200 },
  )
  const rows = await db.engine`select array_to_json(${plainArray([1, null, 3])}::int[])::text as items`
  expect(rows).toEqual([{ items: '[1,null,3]' }])
})
