import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rootFolder } from '../process/root.ts'
import { readRuntimes } from '../process/runtime-file.ts'

export interface ServerProcess {
  readonly child: ChildProcess
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What it has printed so far, of both streams. */
  output(): string
  /** Sends the signal and answers the exit status, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

type Environment = Readonly<Record<string, string>>

/** The environment of a newcomer: what the shell needs, and none of the variables that this run was given. */
function environment(dataDir: string, env: Environment): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env
  return { NODE_ENV: 'production', PATH, HOME, RIGEL_DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn', ...env }
}

export interface ProcessOptions {
  readonly flags?: readonly string[]
  readonly env?: Environment
  /** Through npm and its shell, which are then the child; otherwise the server itself is. */
  readonly byNpm?: true
}

/** `npm start` on a data folder, as a process of its own that can be killed. Answers when it is ready. */
export async function startProcess(
  dataDir: string,
  { flags = ['--no-ui'], env = {}, byNpm }: ProcessOptions = {},
): Promise<ServerProcess> {
  const [program, ...args] = byNpm
    ? ['npm', 'start', '--']
    : [process.execPath, join(rootFolder, 'lib/process/start.mjs')]
  const child = spawn(program ?? '', [...args, ...flags], {
    cwd: rootFolder,
    env: environment(dataDir, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const ready = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.includes('Rigel is ready')) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code, signal) =>
      reject(new Error(`the server ended with ${signal ?? code}:\n${text}`)),
    )
  })
  await ready
  const runtime = readRuntimes(dataDir).find(({ pid }) => byNpm || pid === child.pid)
  if (!runtime) throw new Error(`the server is ready but left no file of it:\n${text}`)
  return {
    child,
    url: `http://127.0.0.1:${runtime.port}`,
    output: () => text,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill(signal)
        await ended
      }
      return child.signalCode ?? child.exitCode
    },
  }
}

/** One of the commands, run to its end: `['lib/process/run.mjs', 'admin', …]`. */
export async function runCommand(
  args: readonly string[],
  dataDir: string,
  env: Environment = {},
): Promise<Ended> {
  const [program = '', ...rest] = args
  try {
    const done = await promisify(execFile)(process.execPath, [join(rootFolder, program), ...rest], {
      cwd: rootFolder,
      env: environment(dataDir, env),
    })
    return { status: 0, ...done }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { status: typeof code === 'number' ? code : null, stdout, stderr }
  }
}

/** The process of the embedded Postgres of a data folder, when there is one. */
export function postmasterOf(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid')
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined
}
