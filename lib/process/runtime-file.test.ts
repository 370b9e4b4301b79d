import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess } from './process-identity.mjs'
import { readRuntime, readRuntimes, removeRuntime, writeRuntime } from './runtime-file.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rigel-runtime-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const runtimeAt = (port: number) => ({
  port,
  publicUrl: `http://127.0.0.1:${port}`,
  databaseUrl: 'postgres://rigel:hush@127.0.0.1:5432/rigel',
})

/** The file of another server, which was written at that second. */
function leaveFileOf(identity: { readonly pid: number }, port: number, writtenAtSeconds: number): void {
  const path = join(dataDir, 'servers', `${identity.pid}.json`)
  writeFileSync(path, JSON.stringify({ ...identity, ...runtimeAt(port) }))
  utimesSync(path, writtenAtSeconds, writtenAtSeconds)
}

test('a folder where no server runs has none', () => {
  expect(readRuntime(dataDir)).toBeUndefined()
  removeRuntime(dataDir)
})

test('is its owner’s to read, since it holds a password', () => {
  writeRuntime(dataDir, runtimeAt(1))
  expect(statSync(join(dataDir, 'servers', `${process.pid}.json`)).mode & 0o777).toBe(0o600)
})

test('of several servers the youngest is found, and after its end the one that still runs', () => {
  writeRuntime(dataDir, runtimeAt(1))
  leaveFileOf(identifyProcess(process.ppid), 2, 1_000)
  expect(readRuntimes(dataDir).map(({ port }) => port)).toEqual([1, 2])
  removeRuntime(dataDir)
  expect(readRuntime(dataDir)).toEqual({ pid: process.ppid, ...runtimeAt(2) })
})

test('a server that starts says where it will be, and of its database nothing yet', () => {
  writeRuntime(dataDir, { ...runtimeAt(1), databaseUrl: null })
  expect(readRuntime(dataDir)).toMatchObject({ publicUrl: runtimeAt(1).publicUrl, databaseUrl: null })
})

test('dead servers and broken files are forgotten', () => {
  writeRuntime(dataDir, runtimeAt(1))
  leaveFileOf({ pid: 2 ** 22 + 1 }, 2, 2_000)
  writeFileSync(join(dataDir, 'servers', '7.json'), '{')
  expect(readRuntimes(dataDir).map(({ port }) => port)).toEqual([1])
  expect(readdirSync(join(dataDir, 'servers'))).toEqual([`${process.pid}.json`])
})
