import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { identifyProcess, stillRuns } from './process-identity.mjs'

// Plain Node: `npm start` takes the lock of the clone before anything is installed or built.

/** @typedef {import('./process-identity.mjs').ProcessIdentity} ProcessIdentity */

/** @param {string} path @returns {ProcessIdentity | undefined} */
function readIdentity(path) {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(path, 'utf8'))
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { pid, startedAt: typeof startedAt === 'string' ? startedAt : undefined }
  } catch {
    return undefined
  }
}

const me = () => JSON.stringify(identifyProcess(process.pid))

/** @param {unknown} error */
const errorCode = (error) => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * Removes the lock of a dead holder, and puts it back if another process took it in the meantime.
 *
 * @param {string} lock @param {ProcessIdentity} deadHolder @param {string} aside
 */
function takeAway(lock, deadHolder, aside) {
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  const moved = readIdentity(join(aside, 'holder.json'))
  if (moved?.pid === deadHolder.pid && moved.startedAt === deadHolder.startedAt) {
    rmSync(aside, { recursive: true, force: true })
  } else {
    renameSync(aside, lock)
  }
}

/**
 * Runs `work` while no other process holds the folder's lock, which a process that died leaves behind and the next one takes.
 *
 * The lock is a folder with its holder's name inside: it appears whole by a rename, so nobody sees it half written.
 *
 * @template Result
 * @param {string} folder
 * @param {() => Promise<Result>} work
 * @param {{ timeoutMs?: number, onWait?: () => void }} [options] `onWait` is called once, when another process holds it.
 * @returns {Promise<Result>}
 */
export async function withFolderLock(folder, work, { timeoutMs = 120_000, onWait } = {}) {
  const lock = join(folder, 'lock')
  const mine = join(folder, `lock.${process.pid}.${Math.random().toString(36).slice(2)}`)
  mkdirSync(mine, { recursive: true })
  writeFileSync(join(mine, 'holder.json'), me())
  let held = false
  let waits = false
  const giveUpAt = performance.now() + timeoutMs
  try {
    for (;;) {
      try {
        // Fails while the lock is there: a folder cannot replace one that is not empty.
        renameSync(mine, lock)
        held = true
        break
      } catch (error) {
        const code = errorCode(error)
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error
      }
      const holder = readIdentity(join(lock, 'holder.json'))
      if (holder && !stillRuns(holder)) {
        takeAway(lock, holder, `${mine}.dead`)
        continue
      }
      if (performance.now() > giveUpAt) {
        throw new Error(
          `Process ${holder?.pid ?? '(unknown)'} has held ${lock} for too long; end it, or delete that folder.`,
        )
      }
      if (!waits) onWait?.()
      waits = true
      await wait(25)
    }
    return await work()
  } finally {
    rmSync(mine, { recursive: true, force: true })
    if (held) rmSync(lock, { recursive: true, force: true })
  }
}

/** Who uses something shared, one file a process. The dead are forgotten. */
export class UserList {
  /** @readonly @type {string} */
  #folder

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder
  }

  add() {
    mkdirSync(this.#folder, { recursive: true })
    writeFileSync(join(this.#folder, String(process.pid)), me())
  }

  remove() {
    rmSync(join(this.#folder, String(process.pid)), { force: true })
  }

  /**
   * Other processes on the list that still run.
   *
   * @returns {readonly number[]}
   */
  others() {
    /** @type {readonly string[]} */
    let names
    try {
      names = readdirSync(this.#folder)
    } catch {
      return []
    }
    return names.flatMap((name) => {
      if (name === String(process.pid)) return []
      const path = join(this.#folder, name)
      const user = readIdentity(path)
      if (user && stillRuns(user)) return [user.pid]
      rmSync(path, { force: true })
      return []
    })
  }
}
