import { expect, test } from 'vitest'
import { createDatabase, testDatabase } from './database.ts'

const db = await testDatabase()

test('a file gets a migrated database of its own', async () => {
  const [found] = await db.engine`select count(*)::int as runs from flow_runs`
  expect(found?.runs).toBe(0)
})

test('another one is made quickly and shares nothing', async () => {
  await db.engine`create table only_here (id int)`
  const started = performance.now()
  const other = await createDatabase()
  expect(performance.now() - started).toBeLessThan(5_000)
  expect(other.url).not.toBe(db.url)
  await other.drop()
})
