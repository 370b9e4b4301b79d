import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

// Plain Node: `npm start` asks before anything is installed or built.

/**
 * A process by number and time of start: numbers are used again, in containers nearly always the same ones. `startedAt` is
 * opaque, and undefined where the system does not tell.
 *
 * @typedef {{ readonly pid: number, readonly startedAt: string | undefined }} ProcessIdentity
 */

/** @param {number} pid @param {string} column */
function askPs(pid, column) {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim()
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function startOf(pid) {
  if (process.platform !== 'linux') return askPs(pid, 'lstart')
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, spaces too; what follows starts with the third field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; its parent has only not asked yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/**
 * Whether a process of that number runs. One that ended and was not yet asked for by its parent does not.
 *
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, as somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return process.platform !== 'linux' || startOf(pid) !== undefined
}

/** @param {number} pid @returns {ProcessIdentity} */
export function identifyProcess(pid) {
  return { pid, startedAt: startOf(pid) }
}

/**
 * Whether that very process still runs, and not another one that got its number.
 *
 * @param {ProcessIdentity} process
 */
export function stillRuns({ pid, startedAt }) {
  if (!isAlive(pid)) return false
  return startedAt === undefined ? pid !== process.pid : startOf(pid) === startedAt
}

/**
 * The command line of a process; empty when it cannot be had.
 *
 * @param {number} pid
 */
export function commandLine(pid) {
  if (process.platform !== 'linux') return askPs(pid, 'command') ?? ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
