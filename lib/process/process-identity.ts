import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process by number and time of start: numbers are used again, in containers nearly always the same ones. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; undefined where the system does not tell. */
  readonly startedAt: string | undefined
}

function askPs(pid: number, column: string): string | undefined {
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

function startOf(pid: number): string | undefined {
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

/** Whether a process of that number runs. One that ended and was not yet asked for by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, as somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return process.platform !== 'linux' || startOf(pid) !== undefined
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startedAt: startOf(pid) }
}

/** Whether that very process still runs, and not another one that got its number. */
export function stillRuns({ pid, startedAt }: ProcessIdentity): boolean {
  if (!isAlive(pid)) return false
  return startedAt === undefined ? pid !== process.pid : startOf(pid) === startedAt
}

/** The command line of a process; empty when it cannot be had. */
export function commandLine(pid: number): string {
  if (process.platform !== 'linux') return askPs(pid, 'command') ?? ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
