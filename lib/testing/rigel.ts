import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { rootFolder } from '../process/root.ts'

export interface RigelEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningRigel {
  readonly child: ChildProcess
  readonly ended: Promise<RigelEnd>
  /** Resolves when it has said so on stdout or stderr; rejects when it ends without. */
  says(text: string): Promise<void>
}

/** The command of a user who has signed in to one workspace. */
export interface Rigel {
  start(...args: string[]): RunningRigel
  /** Answers stdout; throws with stderr unless the exit code is 0. */
  run(...args: string[]): Promise<string>
  /** Whatever the exit code is. */
  try(...args: string[]): Promise<RigelEnd>
}

let built = false

/** Builds the agent if it has changed, and answers its command, signed in by environment. Children do not outlive the file's tests. */
export function rigelFor({ url, apiKey }: { readonly url: string; readonly apiKey: string }): Rigel {
  if (!built) {
    const build = [join(rootFolder, 'lib/process/build.mjs'), 'agent']
    execFileSync(process.execPath, build, { stdio: 'ignore' })
  }
  built = true
  const home = mkdtempSync(join(tmpdir(), 'rigel-home-'))
  const alive = new Set<ChildProcess>()
  afterAll(() => {
    for (const child of alive) child.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  })
  const start = (...args: string[]): RunningRigel => {
    const child = spawn(process.execPath, [join(rootFolder, 'agent/bin/rigel.js'), ...args], {
      cwd: rootFolder,
      env: {
        NODE_ENV: 'test',
        PATH: process.env.PATH,
        HOME: home,
        RIGEL_HOME: home,
        RIGEL_API_URL: url,
        RIGEL_API_KEY: apiKey,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    alive.add(child)
    const said = { stdout: '', stderr: '' }
    const lookers = new Set<() => void>()
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (part: string) => {
        said[name] += part
        for (const look of lookers) look()
      })
    }
    const ended = new Promise<RigelEnd>((resolve) => {
      child.once('close', (status, signal) => {
        alive.delete(child)
        resolve({ status, signal, ...said })
      })
    })
    return {
      child,
      ended,
      says: (text) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (said.stdout.includes(text) || said.stderr.includes(text)) resolve()
          }
          lookers.add(look)
          void ended.then(() =>
            reject(new Error(`rigel ended without saying "${text}": ${said.stdout}${said.stderr}`)),
          )
          look()
        }),
    }
  }
  return {
    start,
    try: (...args) => start(...args).ended,
    run: async (...args) => {
      const { status, stdout, stderr } = await start(...args).ended
      if (status !== 0) throw new Error(`rigel ${args.join(' ')} ended with ${status}: ${stderr}`)
      return stdout
    },
  }
}
