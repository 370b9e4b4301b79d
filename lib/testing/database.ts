import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { connectDatabase, type Database } from '../db/clients.ts'
import { afterFile } from './cleanup.ts'

const templateDatabase = 'rigel_template'

export interface EmptyDatabase {
  readonly url: string
  drop(): Promise<void>
}

async function asAdministrator<Result>(work: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
  const sql = postgres(inject('testClusterUrl'), { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** A database of its own, migrated, from the run's template: a few milliseconds. The caller drops it. */
export async function createDatabase(): Promise<EmptyDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await asAdministrator((sql) => sql`create database ${sql(name)} template ${sql(templateDatabase)}`)
  return {
    url: inject('testClusterUrl').replace(/\/[^/]*$/, `/${name}`),
    drop: async () => {
      // Force: a test that failed may still be connected.
      await asAdministrator((sql) => sql`drop database if exists ${sql(name)} with (force)`)
    },
  }
}

export interface TestDatabase extends Database {
  readonly url: string
}

/** A migrated database for one test file, connected; closed and dropped after the file's last test. */
export async function testDatabase(options: { readonly poolSize?: number } = {}): Promise<TestDatabase> {
  const { url, drop } = await createDatabase()
  const database = connectDatabase({ url, poolSize: options.poolSize ?? 4 })
  afterFile(async () => {
    await database.close()
    await drop()
  })
  return { ...database, url }
}
