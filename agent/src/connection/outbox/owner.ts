import { readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fingerprint } from '../../record/text.js'
import { uuid7 } from '../../record/uuid.js'

/**
 * Who holds an outbox is written in the *name* of one empty file, `owner.HOST.PID.STARTED.NONCE`. Taking over is
 * one rename of that file: of two processes that try, one finds it gone. (With the pid inside the file, both
 * could read the dead one and both believe they had won.)
 */
export interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process started, in the kernel's ticks; `x` where the system does not tell. Guards against reused pids. */
  readonly started: string
  readonly nonce: string
}

const RELEASED = 'owner.released'
const OWNER_PATTERN = /^owner\.([0-9a-f]{8})\.(\d+)\.(\d+|x)\.([0-9a-f]+)$/
/** An owner on another machine (a shared home directory) counts as gone after this long without a sign of life. */
const OTHER_HOST_SILENCE_MS = 10 * 60_000

export function newOwner(): Owner {
  return {
    host: fingerprint(hostname()),
    pid: process.pid,
    started: processStart(process.pid),
    nonce: uuid7().slice(-12),
  }
}

const fileOf = (owner: Owner): string => `owner.${owner.host}.${owner.pid}.${owner.started}.${owner.nonce}`

export function writeOwner(directory: string, owner: Owner): void {
  writeFileSync(join(directory, fileOf(owner)), '', { mode: 0o600 })
}

/** Takes an outbox whose process is gone. False when somebody lives in it, or was faster. */
export function claim(directory: string, owner: Owner): boolean {
  const file = readdirSync(directory).find((name) => name.startsWith('owner.'))
  if (!file || !isAbandoned(directory, file)) return false
  try {
    renameSync(join(directory, file), join(directory, fileOf(owner)))
  } catch {
    return false
  }
  showLife(directory, owner)
  return true
}

/** Lets the next process have it while this one lives on. */
export function release(directory: string, owner: Owner): void {
  renameSync(join(directory, fileOf(owner)), join(directory, RELEASED))
}

export function showLife(directory: string, owner: Owner): void {
  const now = new Date()
  try {
    utimesSync(join(directory, fileOf(owner)), now, now)
  } catch {
    // Only machines that share a home directory look at this time; a failure delays nothing else.
  }
}

function isAbandoned(directory: string, file: string): boolean {
  if (file === RELEASED) return true
  const parts = OWNER_PATTERN.exec(file)
  if (!parts) return false
  const [, host, pidText, started] = parts
  if (host !== fingerprint(hostname())) {
    return Date.now() - statSync(join(directory, file)).mtimeMs > OTHER_HOST_SILENCE_MS
  }
  const pid = Number(pidText)
  if (!isAlive(pid)) return true
  return started !== 'x' && started !== processStart(pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie (state Z) has ended; it only waits to be counted by its parent.
    return fields[0] === 'Z' ? '0' : (fields[19] ?? 'x')
  } catch {
    return 'x'
  }
}
