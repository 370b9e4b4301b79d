import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from './error-code.ts'

const diskFull = 'the disk is full'

/** Why a folder cannot be had, in words, where the reason is one that an operator can act on. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system there is read-only',
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'a part of it is a file',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'it is too long for a path',
  ERR_INVALID_ARG_VALUE: 'it is no path',
}

/** What a failure says of the folder, also when Postgres or one of its tools reports it; undefined when it says nothing. */
export function obstacleIn(error: unknown): string | undefined {
  const code = codeOf(error)
  // 53100 is Postgres's own.
  if (code === '53100' || /No space left on device|Disk quota exceeded/.test(String(error))) return diskFull
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull : undefined
}

// One step at a time: Node's own recursive mkdir goes round for ever where the kernel refuses with ENOENT (/proc).
function makeFolder(path: string): void {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory()) return
  if (there) throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' })
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process that starts at the same time made it.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** Makes the folder where it is missing. Answers what stands in the way of writing there, or undefined. */
export function findFolderObstacle(path: string): string | undefined {
  try {
    makeFolder(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return reasons[codeOf(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))
  }
}
