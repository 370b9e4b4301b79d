import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { identifyProcess, type ProcessIdentity, stillRuns } from './process-identity.ts'

const identitySchema = z.object({
  pid: z.number().int().positive(),
  startedAt: z.string().max(200).optional(),
})

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = identitySchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return { pid, startedAt }
  } catch {
    return undefined
  }
}

const me = (): string => JSON.stringify(identifyProcess(process.pid))

const errorCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** Removes the lock of a dead holder, and puts it back if another process took it in the meantime. */
function takeAway(lock: string, deadHolder: ProcessIdentity, aside: string): void {
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
 */
export async function withFolderLock<Result>(
  folder: string,
  work: () => Promise<Result>,
  timeoutMs = 120_000,
): Promise<Result> {
  const lock = join(folder, 'lock')
  const mine = join(folder, `lock.${process.pid}.${Math.random().toString(36).slice(2)}`)
  mkdirSync(mine, { recursive: true })
  writeFileSync(join(mine, 'holder.json'), me())
  let held = false
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
  constructor(private readonly folder: string) {}

  add(): void {
    mkdirSync(this.folder, { recursive: true })
    writeFileSync(join(this.folder, String(process.pid)), me())
  }

  remove(): void {
    rmSync(join(this.folder, String(process.pid)), { force: true })
  }

  /** Other processes on the list that still run. */
  others(): readonly number[] {
    let names: readonly string[]
    try {
      names = readdirSync(this.folder)
    } catch {
      return []
    }
    return names.flatMap((name) => {
      if (name === String(process.pid)) return []
      const path = join(this.folder, name)
      const user = readIdentity(path)
      if (user && stillRuns(user)) return [user.pid]
      rmSync(path, { force: true })
      return []
    })
  }
}
