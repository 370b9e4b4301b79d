import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { migrationsFolder } from '../process/root.ts'
import { migrate } from './migrate.ts'

/** A database of a user who is no superuser, as those that are rented. */
let admin: postgres.Sql
let name: string
let url: string

beforeEach(async () => {
  admin = postgres(inject('testClusterUrl'), { max: 1, onnotice: () => {} })
  name = `test_${randomBytes(6).toString('hex')}`
  await admin.unsafe(`create role ${name} login password 'x' createrole`)
  await admin.unsafe(`create database ${name} owner ${name}`)
  url = inject('testClusterUrl')
    .replace(/\/\/[^@]*@/, `//${name}:x@`)
    .replace(/\/[^/]*$/, `/${name}`)
})

afterEach(async () => {
  await admin.unsafe(`drop database ${name} with (force)`)
  await admin.unsafe(`drop role ${name}`)
  await admin.end()
})

async function becomePage(): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql.begin((inner) => inner`set local role rigel_page`)
  } finally {
    await sql.end()
  }
}

test('a user who may not become the role that reads is told what an administrator has to do', async () => {
  await expect(migrate(url, migrationsFolder)).rejects.toThrow(
    `create role rigel_page nologin, where there is none, then grant rigel_page to ${name}`,
  )
  await admin.unsafe(`grant rigel_page to ${name}`)
  expect(await migrate(url, migrationsFolder)).toBeGreaterThan(5)
  await becomePage()
})

test('one who may only grant the role, as its maker since PostgreSQL 16, becomes it', async () => {
  await admin.unsafe(`grant rigel_page to ${name} with admin true, inherit false, set false`)
  await expect(becomePage()).rejects.toThrow('permission denied to set role')
  await migrate(url, migrationsFolder)
  await becomePage()
})

test('so does one whose database was restored, with all migrations applied', async () => {
  await admin.unsafe(`grant rigel_page to ${name}`)
  const applied = await migrate(url, migrationsFolder)
  await admin.unsafe(`revoke rigel_page from ${name}`)
  await admin.unsafe(`grant rigel_page to ${name} with admin true, inherit false, set false`)
  expect(await migrate(url, migrationsFolder)).toBe(applied)
  await becomePage()
})
