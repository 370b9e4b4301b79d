import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const agentDir = fileURLToPath(new URL('../..', import.meta.url))
export const repositoryDir = join(agentDir, '..')
/** Below node_modules, so that the built files find `ws` and git does not see them; one for each test file. */
const outdir = join(repositoryDir, 'node_modules', '.cache', `rigel-agent-test-${process.pid}-${Date.now()}`)
const cli = join(outdir, 'cli.js')

export function buildAgent(): () => void {
  execFileSync(process.execPath, [join(agentDir, 'build.mjs'), outdir, '--no-types'], { stdio: 'inherit' })
  return () => rmSync(outdir, { recursive: true, force: true })
}

export const builtIndex = (): string => join(outdir, 'index.js')
export const builtCli = (): string => cli

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves when the text has appeared on stdout or stderr. */
  readonly says: (text: string) => Promise<void>
}

type Variables = Readonly<Record<string, string>>

/** Starts node with these arguments in a clean environment; the process does not outlive the test. */
export function startNode(args: readonly string[], variables: Variables): Running {
  const child = spawn(process.execPath, args, {
    cwd: repositoryDir,
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      BROWSER: 'none',
      NODE_ENV: 'test',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    stdout += part
    for (const listener of listeners) listener()
  })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
    for (const listener of listeners) listener()
  })
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text) || stderr.includes(text)) resolve()
      }
      listeners.add(look)
      void finished.then(() => reject(new Error(`ended without saying "${text}": ${stdout}${stderr}`)))
      look()
    })
  onTestFinished(() => {
    if (child.exitCode === null) child.kill('SIGKILL')
  })
  return { child, finished, says }
}

export const startRigel = (args: readonly string[], variables: Variables): Running =>
  startNode([cli, ...args], variables)

export const rigel = (args: readonly string[], variables: Variables): Promise<Finished> =>
  startRigel(args, variables).finished
