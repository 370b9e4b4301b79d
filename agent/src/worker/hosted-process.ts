import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { ChildMessage, HostMessage, Job } from './child-protocol.js'
import { Ladder, type Patience, type Step } from './ladder.js'

export interface ProcessOptions {
  readonly job: Job
  /** Script of the command line of this package. */
  readonly cliPath: string
  readonly env: NodeJS.ProcessEnv
  /** Asked when the child is ready to begin: how long the control plane has to confirm it. */
  readonly confirmMs: () => number
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly at: Date
  /** What the child said of its end; null when it ended without a word. */
  readonly said: Extract<ChildMessage, { type: 'ended' }> | null
  /** Of stderr, or of stdout when that is empty. */
  readonly lastLines: readonly string[]
  readonly steps: readonly Step[]
}

const KEPT_LINES = 10
const STRAGGLERS_MS = 1_000
const IS_WINDOWS = process.platform === 'win32'

/** The child process of one run. */
export class HostedProcess {
  private readonly child: ChildProcess
  private readonly kept = { stdout: [] as string[], stderr: [] as string[] }
  private said: ProcessEnd['said'] = null
  private ladder: Ladder | null = null
  /** Never rejects. */
  readonly ended: Promise<ProcessEnd>

  constructor({ job, cliPath, env, confirmMs, onLine }: ProcessOptions) {
    this.child = spawn(process.execPath, [cliPath, 'execute'], {
      cwd: job.directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C in the host's terminal is for the host, and a kill reaches what the child started.
      detached: !IS_WINDOWS,
      windowsHide: true,
    })
    const { child } = this
    this.ended = this.whenEnded()
    this.readLines('stdout', child.stdout, onLine)
    this.readLines('stderr', child.stderr, onLine)
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') this.send({ type: 'run', job, confirmMs: confirmMs() })
      else this.said = message
    })
  }

  /** When it has exited, and what it printed and said has been read. */
  private whenEnded(): Promise<ProcessEnd> {
    const { child } = this
    return new Promise((resolve) => {
      const open = new Set(['exit', 'close', 'disconnect'])
      const finish = () => {
        this.ladder?.end()
        const { stdout, stderr } = this.kept
        resolve({
          code: child.exitCode,
          signal: child.signalCode,
          at: new Date(),
          said: this.said,
          lastLines: stderr.length > 0 ? stderr : stdout,
          steps: this.ladder?.steps ?? [],
        })
      }
      const note = (event: string) => {
        open.delete(event)
        if (open.size === 0) finish()
        // A grandchild that holds the pipes open must not keep the run open.
        else if (event === 'exit') setTimeout(finish, STRAGGLERS_MS)
      }
      for (const event of open) child.once(event, () => note(event))
      child.once('error', (error) => {
        if (child.pid !== undefined) return
        this.kept.stderr.push(`the process could not be started: ${error.message}`)
        finish()
      })
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  private readLines(
    name: 'stdout' | 'stderr',
    stream: Readable | null,
    onLine: ProcessOptions['onLine'],
  ): void {
    if (!stream) return
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      const kept = this.kept[name]
      kept.push(line)
      if (kept.length > KEPT_LINES) kept.shift()
      onLine(name, line)
    })
  }

  private send(message: HostMessage): void {
    // It may have ended between the question and the answer.
    if (this.child.connected) this.child.send(message, () => {})
  }

  /** Begins at the ladder's first step, unless it has begun. */
  stop(reason: string, patience: Patience): void {
    this.ladder ??= new Ladder(
      { ask: () => this.send({ type: 'stop', reason }), signal: (signal) => this.signal(signal) },
      patience,
    )
  }

  get isStopping(): boolean {
    return this.ladder !== null
  }

  kill(): void {
    if (this.ladder) this.ladder.kill()
    else this.signal('SIGKILL')
  }

  private signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.child
    if (pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return
    try {
      if (IS_WINDOWS) this.child.kill(signal)
      else process.kill(-pid, signal)
    } catch {
      // Gone in this very moment.
    }
  }
}

/** How a process ended, in words. */
export function describeEnd({ code, signal }: Pick<ProcessEnd, 'code' | 'signal'>): string {
  if (signal) return `killed by ${signal}`
  return code === null ? 'never started' : `exit code ${code}`
}
