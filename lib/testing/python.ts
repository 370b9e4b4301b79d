import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withFolderLock } from '../process/folder-lock.mjs'
import { rootFolder } from '../process/root.ts'
import { findPython } from './tools.ts'

/** An unmodified Prefect 3 client, or why there is none here. */
export type PrefectClient =
  | { readonly python: string; readonly prefect: string }
  | { readonly missing: string }

const programsIn = (folder: string) => ({
  python: join(folder, 'bin', 'python'),
  prefect: join(folder, 'bin', 'prefect'),
})

const isWhole = (folder: string): boolean =>
  existsSync(join(folder, '.ready')) && existsSync(programsIn(folder).prefect)

/**
 * Finds the client that the conformance suite made, or makes one of examples/python/requirements.txt: once a machine,
 * under the user's cache folder, since it takes a minute.
 */
export async function findPrefectClient(): Promise<PrefectClient> {
  const { RIGEL_CONFORMANCE_VENVS: given, XDG_CACHE_HOME: cache = join(homedir(), '.cache') } = process.env
  const shared = join(given ?? join(cache, 'rigel-conformance'), 'client3')
  if (isWhole(shared) || (given && existsSync(programsIn(shared).prefect))) return programsIn(shared)

  const folder = join(cache, 'rigel-testing')
  const own = join(folder, 'prefect3')
  if (isWhole(own)) return programsIn(own)
  const python = findPython()
  if (!python) return { missing: 'no Python from 3.10 to 3.13 with venv was found' }
  mkdirSync(folder, { recursive: true })
  return withFolderLock(folder, async () => {
    if (!isWhole(own)) {
      try {
        await makeEnvironment(python, own)
      } catch (error) {
        const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(error)
        return { missing: `the Prefect client could not be installed: ${said}` }
      }
    }
    return programsIn(own)
  })
}

async function makeEnvironment(python: string, folder: string): Promise<void> {
  const run = promisify(execFile)
  rmSync(folder, { recursive: true, force: true })
  await run(python, ['-m', 'venv', folder])
  const requirements = join(rootFolder, 'examples', 'python', 'requirements.txt')
  await run(programsIn(folder).python, [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
  ])
  // Written last and put in place whole: a folder without it was interrupted.
  writeFileSync(join(folder, '.ready.new'), '')
  renameSync(join(folder, '.ready.new'), join(folder, '.ready'))
}

export interface PrefectTarget {
  /** `http://…/api` */
  readonly apiUrl: string
  /** `http://…/api/accounts/…/workspaces/…` */
  readonly workspaceUrl: string
  readonly apiKey: string
}

/** What the shell of somebody who has logged in holds, and nothing of the caller's own Prefect. */
export function prefectEnvironment(home: string, target?: PrefectTarget): NodeJS.ProcessEnv {
  const { PATH, LANG, TMPDIR } = process.env
  return {
    NODE_ENV: 'test',
    PATH,
    HOME: home,
    ...(LANG ? { LANG } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
    PREFECT_HOME: join(home, '.prefect'),
    PYTHONUTF8: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    // Else a killed or failing program's last lines stay in its buffer.
    PYTHONUNBUFFERED: '1',
    COLUMNS: '400',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    ...(target
      ? {
          PREFECT_CLOUD_API_URL: target.apiUrl,
          PREFECT_API_URL: target.workspaceUrl,
          PREFECT_API_KEY: target.apiKey,
        }
      : {}),
  }
}

export interface RunningProgram {
  readonly child: ChildProcess
  /** What it has printed so far, of both streams. */
  output(): string
  /** Its exit status and what it printed. Never rejects. */
  readonly ended: Promise<{
    readonly status: number | null
    readonly stdout: string
    readonly output: string
  }>
}

/** A program under way, in a process of its own. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string = rootFolder,
): RunningProgram {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, output] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8')
    output += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
  })
  return {
    child,
    output: () => output,
    ended: new Promise((resolve) => {
      child.once('error', (error) => resolve({ status: null, stdout, output: `${output}\n${error.message}` }))
      child.once('close', (status) => resolve({ status, stdout, output }))
    }),
  }
}
