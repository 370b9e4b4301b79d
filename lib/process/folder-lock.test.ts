import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserList, withFolderLock } from './folder-lock.mjs'
import { identifyProcess, stillRuns } from './process-identity.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rigel-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const leaveLockOf = (identity: object) => {
  mkdirSync(join(folder, 'lock'))
  writeFileSync(join(folder, 'lock', 'holder.json'), JSON.stringify(identity))
}

test('only one holds the lock at a time', async () => {
  let holders = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++holders)
    await new Promise((resolve) => setImmediate(resolve))
    holders--
  }
  await Promise.all(Array.from({ length: 8 }, () => withFolderLock(folder, work)))
  expect(most).toBe(1)
})

test('the lock is given back when the work fails', async () => {
  await expect(withFolderLock(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withFolderLock(folder, async () => 'yes')).toBe('yes')
})

test('the lock of a process that died is taken', async () => {
  leaveLockOf({ pid: 2 ** 22 + 1, startedAt: '1' })
  expect(await withFolderLock(folder, async () => 'yes')).toBe('yes')
})

test('so is the lock of one whose number another process has now, as in a container that starts again', async () => {
  leaveLockOf({ pid: process.pid, startedAt: 'long ago' })
  expect(await withFolderLock(folder, async () => 'yes')).toBe('yes')
})

test('the lock of a living process is respected, and the refusal names it', async () => {
  leaveLockOf(identifyProcess(process.ppid))
  let waits = 0
  const onWait = () => {
    waits++
  }
  await expect(withFolderLock(folder, async () => 'yes', { timeoutMs: 60, onWait })).rejects.toThrow(
    `Process ${process.ppid} has held`,
  )
  expect(waits).toBe(1)
})

test('a list of users forgets the dead and does not count oneself', () => {
  const users = new UserList(join(folder, 'users'))
  users.add()
  writeFileSync(join(folder, 'users', '999'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' }))
  writeFileSync(join(folder, 'users', String(process.ppid)), JSON.stringify(identifyProcess(process.ppid)))
  expect(users.others()).toEqual([process.ppid])
})

test('a process is itself, and not another one with its number', () => {
  const me = identifyProcess(process.pid)
  expect(stillRuns(me)).toBe(true)
  expect(stillRuns({ ...me, startedAt: 'earlier' })).toBe(false)
})
