import { hostname } from 'node:os'
import { backoffMs, DEFAULT_BACKOFF } from '../connection/backoff.js'
import { isFinal } from '../connection/outbox/open-runs.js'
import { type Reporter, replayOutboxes } from '../connection/reporter.js'
import { ApiRefusal, Unreachable, type WorkspaceApi } from '../connection/workspace-api.js'
import { STATE_TYPES, type StateType } from '../protocol/frames.js'
import { fieldsOf, textOf } from '../record/fields.js'
import { presentInstant } from '../record/instant.js'
import { cleanText, MAX_LOG_CHARS, MAX_MESSAGE_CHARS } from '../record/text.js'
import { uuid7 } from '../record/uuid.js'
import type { Environment } from '../settings/environment.js'
import type { Job } from './child-protocol.js'
import type { Work } from './claimed-work.js'
import { describeEnd, HostedProcess, type ProcessEnd } from './hosted-process.js'
import { type Patience, receiptOf } from './ladder.js'

export interface HostOptions {
  readonly api: WorkspaceApi
  readonly reporter: Reporter
  /** How the host calls itself in states and log lines, such as `worker blue`. */
  readonly who: string
  readonly cliPath: string
  readonly environment: Environment
  /** What every child inherits. */
  readonly inherited: NodeJS.ProcessEnv
  readonly say: (line: string) => void
  /** For a run that somebody cancelled. Default 30 s until SIGTERM, 10 s more until SIGKILL. */
  readonly cancelPatience?: Patience
}

/** What a run is being stopped for; it decides what is written once its process is gone. */
type Stopping = 'cancelled' | 'lost' | 'handed back'
const REPEATED = /already made this state transition/

interface HostedRun {
  readonly work: Work
  readonly process: HostedProcess
  stopping: Stopping | null
  lostBecause: string
  /** Until when the claim is good, by what the control plane has told. */
  leaseUntilMs: number
  readonly finished: Promise<void>
}

const CANCEL_PATIENCE: Patience = { askSeconds: 30, termSeconds: 10 }
/** For runs that are to go now: their claim is lost, or the host has waited for them already. */
const SHORT_PATIENCE: Patience = { askSeconds: 5, termSeconds: 5 }
/** Of what is left of a lease; the rest is for the way to the control plane, and for clocks that differ in speed. */
const CONFIRM_SHARE = 0.8
const LEVEL = { info: 20, warning: 30, error: 40 } as const
const REPLAY_MS = 5_000

/** Executes claimed runs, each in a child process, and says how they ended where they cannot say it themselves. */
export class RunHost {
  private readonly runs = new Map<string, HostedRun>()
  /** Aborts when nothing more may be waited for. */
  private readonly hurry = new AbortController()
  private replaying: Promise<void> | null = null
  private mayHaveLeftovers = false
  /** Called whenever a run has ended. */
  onFree: () => void = () => {}

  constructor(private readonly options: HostOptions) {}

  get size(): number {
    return this.runs.size
  }

  has(flowRunId: string): boolean {
    return this.runs.has(flowRunId)
  }

  /** The claims to be kept alive. */
  get claims(): { readonly flow_run_id: string; readonly token: string | null }[] {
    return [...this.runs.values()].map(({ work: { job } }) => ({
      flow_run_id: job.flowRunId,
      token: job.token,
    }))
  }

  get cancelling(): string[] {
    return [...this.runs].flatMap(([id, run]) => (run.stopping === 'cancelled' ? [id] : []))
  }

  /** `leaseSeconds`: how long the claim is good from now without a sign of life. */
  start(work: Work, leaseSeconds: number): void {
    const { api, reporter, say, who, cliPath, environment, inherited } = this.options
    const job: Job = { ...work.job, host: who }
    const process = new HostedProcess({
      job,
      cliPath,
      env: {
        ...inherited,
        RIGEL_API_URL: api.apiUrl,
        RIGEL_API_KEY: api.apiKey,
        RIGEL_HOME: environment.home,
        ...work.env,
      },
      confirmMs: () => Math.max(0, (run.leaseUntilMs - Date.now()) * CONFIRM_SHARE),
      onLine: (stream, line) => {
        if (work.streamOutput) say(`${job.name} | ${line}`)
        this.log(job.flowRunId, stream === 'stdout' ? LEVEL.info : LEVEL.warning, line, 'process')
      },
    })
    const place = `${hostname()}:${process.pid ?? 0}`
    const run: HostedRun = {
      work,
      process,
      stopping: null,
      lostBecause: '',
      leaseUntilMs: Date.now() + leaseSeconds * 1000,
      finished: this.follow(work, process),
    }
    this.runs.set(job.flowRunId, run)
    say(`${job.name}: started in process ${process.pid ?? '-'}`)
    this.log(job.flowRunId, LEVEL.info, `Started by ${who} in process ${place}`)
    // The stream tells of a cancellation at once, polls and signs of life only when they come round.
    const unwatch = reporter.watch(job.flowRunId, () => this.cancel(job.flowRunId))
    void run.finished.then(unwatch)
    void this.tellPlace(work, place)
  }

  /** Where the run is executed, and what is to become of it without us. */
  private async tellPlace({ job, empiricalPolicy }: Work, place: string): Promise<void> {
    const { onLost } = job
    const policy = onLost === 'reschedule' && { empirical_policy: { ...empiricalPolicy, on_lost: onLost } }
    await this.insist(() =>
      this.options.api.patch(`flow_runs/${job.flowRunId}`, { infrastructure_pid: place, ...policy }),
    )
  }

  /** The control plane has heard that these are alive. */
  renew(flowRunIds: readonly string[], leaseUntilMs: number): void {
    for (const id of flowRunIds) {
      const run = this.runs.get(id)
      if (run) run.leaseUntilMs = leaseUntilMs
    }
  }

  /** Somebody asked for it to end. */
  cancel(flowRunId: string): void {
    this.stop(flowRunId, 'cancelled', 'somebody asked for this run to be cancelled')
  }

  /** The control plane no longer counts on us: nothing more may be written. */
  lose(flowRunId: string, reason: string): void {
    this.stop(flowRunId, 'lost', reason)
  }

  private stop(flowRunId: string, why: Stopping, reason: string): void {
    const run = this.runs.get(flowRunId)
    // What is lost stays lost; what is being cancelled may still be lost.
    if (!run || run.stopping === 'lost' || run.stopping === why) return
    run.stopping = why
    if (why === 'lost') run.lostBecause = reason
    const patience = why === 'cancelled' ? (this.options.cancelPatience ?? CANCEL_PATIENCE) : SHORT_PATIENCE
    run.process.stop(reason, patience)
  }

  /**
   * Waits for the runs to finish, at most so many seconds or until `hurry` aborts; then stops those that are left
   * and hands them back. Resolves when all are gone and said to be; a second `hurry` kills them.
   */
  async drain(seconds: number, hurry: AbortSignal, kill: AbortSignal): Promise<void> {
    await settledWithin(this.whenEmpty(), seconds * 1000, hurry)
    for (const id of this.runs.keys()) this.stop(id, 'handed back', `${this.options.who} was stopped`)
    const killAll = () => {
      for (const { process } of this.runs.values()) process.kill()
      this.hurry.abort()
    }
    kill.addEventListener('abort', killAll, { once: true })
    if (kill.aborted) killAll()
    await this.whenEmpty()
    await this.deliverLeftovers()
  }

  private async whenEmpty(): Promise<void> {
    while (this.runs.size > 0) await Promise.all([...this.runs.values()].map((run) => run.finished))
  }

  private async follow({ job }: Work, process: HostedProcess): Promise<void> {
    const startedMs = Date.now()
    const end = await process.ended
    this.mayHaveLeftovers = true
    try {
      const told = await this.conclude(job.flowRunId, end)
      const seconds = Math.round((Date.now() - startedMs) / 100) / 10
      this.options.say(`${job.name}: ${told} after ${seconds} s`)
    } catch (error) {
      this.options.say(`${job.name}: how it ended could not be told: ${(error as Error).message}`)
    }
    this.runs.delete(job.flowRunId)
    this.onFree()
  }

  /** Writes the state that the process could not write itself. Answers it in a word. */
  private async conclude(flowRunId: string, end: ProcessEnd): Promise<string> {
    const run = this.runs.get(flowRunId)
    await this.deliverLeftovers()
    if (end.said?.isRecorded) return end.said.state.name
    if (!run || run.stopping === 'lost')
      return `stopped, since its claim was lost (${run?.lostBecause ?? ''})`
    const how = describeEnd(end)
    const receipt = receiptOf(end.steps, { at: end.at, how })
    const now = fieldsOf(await this.insist(() => this.options.api.get(`flow_runs/${flowRunId}`)))
    const type = stateTypeOf(now.state_type)
    if (type === null) return 'gone: the run was deleted'
    if (isFinal(type)) return textOf(now.state_name) || type
    if (run.stopping === 'cancelled' || type === 'CANCELLING') {
      this.log(flowRunId, LEVEL.info, `Cancelled: ${receipt}`)
      return this.write(run, 'CANCELLED', 'Cancelled', `Cancelled by request: ${receipt}`)
    }
    if (run.stopping === 'handed back') {
      const { who } = this.options
      // A run that has not begun can begin elsewhere without harm.
      if (type === 'PENDING' || run.work.job.onLost === 'reschedule') {
        return this.write(
          run,
          'SCHEDULED',
          'Rescheduled',
          `Handed back, since ${who} was stopped: ${receipt}`,
        )
      }
      return this.write(run, 'CRASHED', 'Crashed', `${who} was stopped before the run had ended: ${receipt}`)
    }
    if (end.said?.isUnconfirmed) {
      return this.write(run, 'SCHEDULED', 'Rescheduled', `Handed back: ${end.said.state.message}`)
    }
    if (end.said) {
      const { state } = end.said
      if (state.type === 'CANCELLED') return `stopped: ${state.message}`
      this.log(flowRunId, LEVEL.error, state.message)
      return this.write(run, state.type, state.name, state.message)
    }
    const last = end.lastLines.length > 0 ? `. Its last lines:\n${end.lastLines.join('\n')}` : ''
    const message = `The process ended before the flow did (${how})${last}`
    this.log(flowRunId, LEVEL.error, message)
    return this.write(run, 'CRASHED', 'Crashed', message)
  }

  private async write(run: HostedRun, type: StateType, name: string, message: string): Promise<string> {
    const { job } = run.work
    const state = {
      type,
      name,
      message: cleanText(message, MAX_MESSAGE_CHARS),
      // The same for every attempt, so that a lost answer does not count twice.
      state_details: { transition_id: uuid7(), ...(job.token && { claim_token: job.token }) },
    }
    const answer = fieldsOf(
      await this.insist(() => this.options.api.post(`flow_runs/${job.flowRunId}/set_state`, { state })),
    )
    const status = textOf(answer.status)
    const reason = textOf(fieldsOf(answer.details).reason)
    // An answer that was lost: it was written the first time.
    if (status === 'ACCEPT' || status === '' || REPEATED.test(reason)) return name
    return `${name} was refused: ${reason || status}`
  }

  /** Executes a claim that cannot be: the run ends Crashed, and says why. */
  async refuse(flowRunId: string, token: string | null, reason: string): Promise<void> {
    const message = `${this.options.who} could not start the run: ${reason}`
    this.options.say(message)
    const state = {
      type: 'CRASHED',
      name: 'Crashed',
      message,
      state_details: { transition_id: uuid7(), ...(token && { claim_token: token }) },
    }
    await this.insist(() => this.options.api.post(`flow_runs/${flowRunId}/set_state`, { state }))
  }

  /** Again and again while nobody answers. null when the run is no more. */
  private async insist<T>(call: () => Promise<T>): Promise<T | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call()
      } catch (error) {
        if (error instanceof ApiRefusal && error.status === 404) return null
        const isLast = this.hurry.signal.aborted && attempt > 1
        if (!(error instanceof Unreachable) || isLast) throw error
        const ms = Math.max(backoffMs(attempt, DEFAULT_BACKOFF), (error.retryAfterSeconds ?? 0) * 1000)
        await settledWithin(new Promise(() => {}), this.hurry.signal.aborted ? 200 : ms, this.hurry.signal)
      }
    }
  }

  /** Sends what children could not send before they ended. Called again after an outage. */
  async deliverLeftovers(): Promise<void> {
    if (!this.mayHaveLeftovers) return
    this.replaying ??= replayOutboxes(REPLAY_MS, this.options.environment)
      .then(({ left }) => {
        this.mayHaveLeftovers = left > 0
      })
      .catch(() => {})
      .finally(() => {
        this.replaying = null
      })
    await this.replaying
  }

  private log(flowRunId: string, level: number, message: string, logger = 'rigel.worker'): void {
    this.options.reporter.record({
      kind: 'log',
      id: uuid7(),
      flowRunId,
      logger,
      level,
      message: cleanText(message, MAX_LOG_CHARS),
      at: presentInstant(),
    })
  }
}

const stateTypeOf = (value: unknown): StateType | null => STATE_TYPES.find((each) => each === value) ?? null

/** Resolves with the work, after `ms`, or when the signal aborts, whichever comes first. */
function settledWithin(work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
    work.then(end, end)
  })
}
