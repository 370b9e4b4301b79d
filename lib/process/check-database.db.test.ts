import { expect, inject, test } from 'vitest'
import { checkDatabase } from './check-database.ts'
import { findFreePort } from './embedded-postgres.ts'

const url = inject('testClusterUrl')

test('a database that answers is taken', async () => {
  await expect(checkDatabase(url)).resolves.toBeUndefined()
})

test.each([
  ['a wrong password', url.replace(/:[^:@]*@/, ':hunter2@'), 'it refuses the password'],
  ['a missing database', url.replace(/\/[^/]*$/, '/nothing_here'), 'it has no such database'],
])('%s is refused with the reason and without the password', async (_what, wrong, reason) => {
  const refusal = checkDatabase(wrong, 0)
  await expect(refusal).rejects.toThrow(
    new RegExp(`^DATABASE_URL holds "postgres://rigel:\\*\\*\\*@.*, but ${reason}; it should be`),
  )
})

test('so is an address where nothing listens', async () => {
  const wrong = `postgres://rigel:hunter2@127.0.0.1:${await findFreePort()}/rigel`
  await expect(checkDatabase(wrong, 0)).rejects.toThrow('nothing listens there')
})
