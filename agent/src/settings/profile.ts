import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One workspace as `GET /api/me/workspaces` lists it; `handle` is `account/workspace`. */
export interface Workspace {
  readonly accountId: string
  readonly workspaceId: string
  readonly handle: string
}

/** Who we are signed in as. Lives in `{home}/profile.json`, readable by its owner only. */
export interface Profile {
  /** Where the control plane is, without `/api` and without a slash at the end. */
  readonly url: string
  readonly apiKey: string
  readonly workspace: Workspace
}

export class BrokenProfile extends Error {
  override readonly name = 'BrokenProfile'
}

export const profilePath = (home: string): string => join(home, 'profile.json')

/** The profile, or null when nobody is signed in. Throws BrokenProfile when the file is not what we wrote. */
export function readProfile(home: string): Profile | null {
  const path = profilePath(home)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
    closeToOthers(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw new BrokenProfile(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const profile = parseProfile(text)
  if (!profile) {
    throw new BrokenProfile(`${path} is not a profile. Sign in again: rigel login -k KEY`)
  }
  return profile
}

/** A copy or a restored backup may have opened the file; it holds a key. */
function closeToOthers(path: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o600)
  } catch {
    // Somebody else's file, which we may only read, as in a container that mounts it.
  }
}

function parseProfile(text: string): Profile | null {
  try {
    const { url, apiKey, workspace } = JSON.parse(text) as Partial<Profile>
    const { accountId, workspaceId, handle } = workspace ?? {}
    const texts = [url, apiKey, accountId, workspaceId, handle]
    if (!texts.every((value) => typeof value === 'string' && value.length > 0)) return null
    return { url, apiKey, workspace: { accountId, workspaceId, handle } } as Profile
  } catch {
    return null
  }
}

/** Writes beside and renames, so that a reader never sees half a profile and the key is never world-readable. */
export function writeProfile(home: string, profile: Profile): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  chmodSync(home, 0o700)
  const beside = join(home, `.profile.${process.pid}.tmp`)
  rmSync(beside, { force: true })
  writeFileSync(beside, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(beside, profilePath(home))
}

export function removeProfile(home: string): void {
  rmSync(profilePath(home), { force: true })
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
