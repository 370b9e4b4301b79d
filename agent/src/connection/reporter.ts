import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentRecord, ServerFrame } from '../protocol/frames.js'
import { type Environment, readEnvironment } from '../settings/environment.js'
import { isHosted } from '../settings/hosted.js'
import { readProfile } from '../settings/profile.js'
import { chooseTarget, flowRunPage, type Target } from '../settings/target.js'
import { AgentConnection, type ConnectionOptions } from './agent-connection.js'
import { adoptOutboxes } from './outbox/adopt.js'
import { isFinal } from './outbox/open-runs.js'
import { Outbox } from './outbox/outbox.js'
import { endpointResolver } from './resolve-endpoint.js'

/** What the flow engine needs of the world outside. */
export interface Reporter {
  record(record: AgentRecord): void
  /** Calls `told` with the address of a run's page as soon as it is known. */
  whenPageKnown(flowRunId: string, told: (url: string) => void): void
  /** `stop` is called when somebody asks for the run to end, or the server refuses that it goes on. */
  watch(flowRunId: string, stop: (reason: string) => void): () => void
  /** Waits until what was recorded so far is acknowledged, at most `deadlineMs`; answers whether it is. */
  acknowledged(deadlineMs: number): Promise<boolean>
  /** Keeps the process alive until all is acknowledged, but not longer than the drain deadline. */
  drain(): Promise<void>
  /** To disk, now: the process is about to end. */
  flush(): void
  /** Drains, then lets go of everything. May be called twice. */
  close(deadlineMs?: number): Promise<void>
}

type Say = (line: string) => void
const sayOnStderr: Say = (line) => {
  process.stderr.write(`rigel: ${line}\n`)
}

/** The target's name on disk. Without the key: the outbox outlives it. */
const labelOf = ({ url, workspace }: Target): string =>
  workspace ? `${url} ${workspace.accountId}/${workspace.workspaceId}` : url

/**
 * The reporter for the present profile and environment, or null when there is none, or no outbox can be made;
 * then one line on stderr says so.
 */
export function openReporter(
  environment: Environment = readEnvironment(),
  say: Say = sayOnStderr,
): Reporter | null {
  let target: Target | null
  try {
    target = chooseTarget(environment, readProfile(environment.home))
  } catch (error) {
    say(`nothing is being reported: ${(error as Error).message}`)
    return null
  }
  if (!target) {
    say('nothing is being reported, because nobody is signed in. To watch your runs: rigel login -k KEY')
    return null
  }
  const root = join(environment.home, 'outbox')
  const outbox = openOutbox(root, labelOf(target), say)
  return outbox && new WorkspaceReporter(target, outbox, root, environment.drainSeconds * 1000, say)
}

function openOutbox(root: string, label: string, say: Say): Outbox | null {
  try {
    return Outbox.create(root, label)
  } catch (error) {
    try {
      const fallback = mkdtempSync(join(tmpdir(), 'rigel-outbox-'))
      say(
        `${root} cannot be written (${(error as Error).message}); using ${fallback}, which no later run will look into`,
      )
      return Outbox.create(fallback, label)
    } catch {
      say(`nothing is being reported: ${root} cannot be written (${(error as Error).message})`)
      return null
    }
  }
}

/** Sends what dead processes left behind for the present target. Answers how many records were acknowledged, and were not. */
export async function replayOutboxes(
  deadlineMs: number,
  environment = readEnvironment(),
): Promise<{ readonly sent: number; readonly left: number }> {
  const target = chooseTarget(environment, readProfile(environment.home))
  if (!target) return { sent: 0, left: 0 }
  const connections = adoptOutboxes(join(environment.home, 'outbox'), labelOf(target)).map((outbox) => ({
    count: outbox.pendingCount,
    outbox,
    connection: new AgentConnection({ endpoint: endpointResolver(target), outbox }),
  }))
  let sent = 0
  let left = 0
  await Promise.all(
    connections.map(async ({ connection, count, outbox }) => {
      connection.start()
      await connection.close(deadlineMs)
      sent += count - outbox.pendingCount
      left += outbox.pendingCount
    }),
  )
  return { sent, left }
}

/** WAIT, and REJECT into a state that goes on, leave the run to itself; anything else ends it. */
function meansStop({ verdict, state }: Extract<ServerFrame, { type: 'verdict' }>): boolean {
  if (verdict === 'ABORT') return true
  return verdict === 'REJECT' && state !== null && (state.type === 'CANCELLING' || isFinal(state.type))
}

class WorkspaceReporter implements Reporter {
  private readonly watchers = new Map<string, (reason: string) => void>()
  private readonly pageWaiters: { flowRunId: string; told: (url: string) => void }[] = []
  private readonly connections: AgentConnection[]
  private readonly main: AgentConnection
  private workspace: Target['workspace']
  private saidStopped = false
  private saidKept = false

  constructor(
    private readonly target: Target,
    private readonly outbox: Outbox,
    root: string,
    private readonly drainMs: number,
    private readonly say: Say,
  ) {
    this.workspace = target.workspace
    const endpoint = endpointResolver(target)
    const common: Omit<ConnectionOptions, 'outbox'> = {
      endpoint,
      onFrame: (frame) => this.receive(frame),
      onStopped: (error) => this.tellStopped(error.message),
    }
    outbox.onDiskTrouble = (error) =>
      say(`the outbox on disk refuses (${error.message}); records are kept in memory`)
    this.main = new AgentConnection({ ...common, outbox })
    const adopted = adoptOutboxes(root, labelOf(target))
    this.connections = [this.main, ...adopted.map((each) => new AgentConnection({ ...common, outbox: each }))]
    for (const connection of this.connections) connection.start()
    process.on('exit', this.atExit)
  }

  private readonly atExit = (): void => {
    this.outbox.close()
    this.tellKept()
  }

  record(record: AgentRecord): void {
    this.outbox.append(record)
  }

  whenPageKnown(flowRunId: string, told: (url: string) => void): void {
    const { workspace } = this
    if (workspace) told(flowRunPage(this.target.url, workspace.accountId, workspace.workspaceId, flowRunId))
    else this.pageWaiters.push({ flowRunId, told })
  }

  watch(flowRunId: string, stop: (reason: string) => void): () => void {
    this.watchers.set(flowRunId, stop)
    return () => this.watchers.delete(flowRunId)
  }

  private receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.workspace ??= { accountId: frame.accountId, workspaceId: frame.workspaceId }
        for (const { flowRunId, told } of this.pageWaiters.splice(0)) this.whenPageKnown(flowRunId, told)
        return
      case 'cancel':
        this.watchers.get(frame.flowRunId)?.('somebody asked for this run to be cancelled')
        return
      case 'verdict':
        if (meansStop(frame)) this.watchers.get(frame.flowRunId)?.(frame.reason)
        return
      case 'refused':
        this.say(`the control plane refused record ${frame.seq}: ${frame.reason}`)
        return
      case 'ack':
      case 'pong':
        return
      default:
        frame satisfies never
    }
  }

  private tellStopped(sentence: string): void {
    if (this.saidStopped) return
    this.saidStopped = true
    this.say(`reporting has stopped: ${sentence}. The run goes on; what it records is kept in the outbox`)
  }

  private tellKept(): void {
    const count = this.connections.reduce((sum, { pending }) => sum + pending, 0)
    // The process above delivers what is left.
    if (count === 0 || this.saidKept || this.saidStopped || isHosted()) return
    this.saidKept = true
    const why = this.main.trouble ? ` (${this.main.trouble})` : ''
    this.say(`${count} records are not yet delivered${why}; the next rigel command or run sends them`)
  }

  async acknowledged(deadlineMs: number): Promise<boolean> {
    const untilMs = Date.now() + deadlineMs
    // In short stretches, since a control plane that was never reached is otherwise not waited for long.
    for (;;) {
      if (await this.main.drain(Math.min(1_000, Math.max(0, untilMs - Date.now())))) return true
      if (Date.now() >= untilMs || this.main.stopped) return false
    }
  }

  async drain(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.drain(this.drainMs)))
  }

  flush(): void {
    this.outbox.flush()
  }

  async close(deadlineMs = this.drainMs): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close(deadlineMs)))
    process.off('exit', this.atExit)
    this.tellKept()
  }
}
