import { backoffMs } from '../connection/backoff.js'
import type { Reporter } from '../connection/reporter.js'
import { ApiRefusal, Unreachable, type WorkspaceApi } from '../connection/workspace-api.js'
import { type Fields, fieldsOf, listOf, textOf } from '../record/fields.js'
import type { Environment } from '../settings/environment.js'
import { isPython, workOf } from './claimed-work.js'
import { PROCESS_TEMPLATE } from './job-template.js'
import { RunHost } from './run-host.js'
import { type EndRequests, pause } from './signals.js'

export interface WorkerOptions {
  readonly api: WorkspaceApi
  readonly reporter: Reporter
  readonly environment: Environment
  readonly inherited: NodeJS.ProcessEnv
  readonly cliPath: string
  readonly workPool: string
  readonly name: string
  readonly type: string
  /** Empty: every queue of the pool. */
  readonly workQueues: readonly string[]
  readonly limit: number
  readonly drainSeconds: number
  /** Seconds without a sign of life after which the control plane gives a run up. */
  readonly claimSeconds: number
  readonly cancelSeconds: number
  readonly createPool: boolean
  /** Its name is of this process alone, and means nothing once that is gone. */
  readonly isEphemeral: boolean
  readonly say: (line: string) => void
}

/** A poll is answered at the latest after so long; also how long an idle worker may take to end. */
const WAIT_SECONDS = 20
const HEARTBEAT_SECONDS = 30
/** Most claims that one poll may ask for. */
const MAX_CLAIMS = 100
const GOODBYE_MS = 2_000
const BACKOFF = { baseMs: 500, capMs: 10_000 }

/**
 * Serves a work pool from this machine: claims runs as they become due, executes each in a child process, keeps the claims
 * alive, and stops what is to be stopped.
 */
export class PoolWorker {
  private readonly host: RunHost
  private template: Fields = {}
  private isReached = true
  /** Ends the wait for a free place. */
  private wake: () => void = () => {}

  constructor(private readonly options: WorkerOptions) {
    const { cancelSeconds, name } = options
    this.host = new RunHost({
      ...options,
      who: `worker ${name}`,
      cancelPatience: { askSeconds: cancelSeconds, termSeconds: Math.min(cancelSeconds, 10) },
    })
    this.host.onFree = () => this.wake()
  }

  /** Resolves when it was asked to end and all its runs are accounted for. Throws ApiRefusal when the pool is not to be had. */
  async run(end: EndRequests): Promise<void> {
    const { workPool, name, limit, drainSeconds, say } = this.options
    if (!(await this.openWhenReached(end.drain))) return
    say(`worker ${name} serves work pool ${workPool}, at most ${limit} runs at a time`)
    await this.tellOfPython()
    // Signs of life go on while the worker drains.
    const stopped = new AbortController()
    const beating = this.beatUntil(stopped.signal)
    const appearing = this.repeat(HEARTBEAT_SECONDS, stopped.signal, () => this.heartbeat())
    try {
      // The pool may go away, or the key: then what runs is still seen to its end.
      const trouble = await this.claimUntil(end.drain).then(
        () => null,
        (error: Error) => error,
      )
      if (trouble) say(trouble.message)
      if (this.host.size > 0) {
        say(`waiting up to ${drainSeconds} s for ${this.host.size} runs; a second signal stops them now`)
      }
      await this.host.drain(drainSeconds, end.hurry, end.kill)
      if (trouble) throw trouble
    } finally {
      stopped.abort()
      await Promise.all([beating, appearing])
      if (this.options.isEphemeral) await this.sayGoodbye()
    }
  }

  /** Waits for a control plane that is down. False when the worker was asked to end before. */
  private async openWhenReached(drain: AbortSignal): Promise<boolean> {
    for (let failures = 0; !drain.aborted; ) {
      try {
        await this.openPool()
        await this.heartbeat()
        this.noteReached()
        return true
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        this.noteUnreached(error)
        await pause(backoffMs(++failures, BACKOFF), drain)
      }
    }
    return false
  }

  /** Their runs wait in the pool for somebody else: whoever expects them here should hear of it. */
  private async tellOfPython(): Promise<void> {
    const { api, workPool, say } = this.options
    const body = { work_pools: { name: { any_: [workPool] } }, limit: 200 }
    const found = await api.post('deployments/filter', body).catch(() => [])
    const names = listOf(found)
      .map(fieldsOf)
      .filter(({ entrypoint }) => isPython(textOf(entrypoint)))
      .map(({ name }) => textOf(name))
    if (names.length === 0) return
    const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')
    say(
      `work pool ${workPool} has deployments of Python flows (${shown}), which this worker leaves alone: ` +
        `their runs wait for "prefect worker start --pool ${workPool}"`,
    )
  }

  private get path(): string {
    return `work_pools/${encodeURIComponent(this.options.workPool)}`
  }

  private async openPool(): Promise<void> {
    const { api, workPool, createPool, type, say } = this.options
    let pool = await api.find(this.path)
    if (!pool && createPool) {
      const body = { name: workPool, type, base_job_template: PROCESS_TEMPLATE }
      pool = await api.post('work_pools/', body).catch((error) => {
        // Another worker was faster.
        if (error instanceof ApiRefusal && error.status === 409) return api.get(this.path)
        throw error
      })
      say(`made work pool ${workPool}`)
    }
    if (!pool) {
      const next = `rigel worker start -p ${workPool} --create-pool`
      throw new ApiRefusal(404, `there is no work pool "${workPool}" in this workspace`, next)
    }
    this.takePool(fieldsOf(pool))
  }

  private takePool(pool: Fields): void {
    const { type, workPool, say } = this.options
    if (textOf(pool.type) !== type) {
      throw new ApiRefusal(
        409,
        `work pool ${workPool} is of type "${textOf(pool.type)}", and this worker starts runs of type "${type}"`,
        'rigel work-pool ls',
      )
    }
    if (pool.is_paused === true) say(`work pool ${workPool} is paused: nothing starts until it is resumed`)
    this.template = fieldsOf(pool.base_job_template)
  }

  /** Shows that this worker lives, and sees what the pool's template is now. */
  private async heartbeat(): Promise<void> {
    const { api, name } = this.options
    await api.post(`${this.path}/workers/heartbeat`, { name, heartbeat_interval_seconds: HEARTBEAT_SECONDS })
    this.template = fieldsOf(fieldsOf(await api.get(this.path)).base_job_template)
  }

  /** Leaves no row of an offline worker behind. Where that may not be, or cannot, the control plane forgets it in a week. */
  private async sayGoodbye(): Promise<void> {
    const { api, name } = this.options
    await api
      .delete(`${this.path}/workers/${encodeURIComponent(name)}`, { timeoutMs: GOODBYE_MS })
      .catch(() => {})
  }

  private async claimUntil(drain: AbortSignal): Promise<void> {
    for (let failures = 0; !drain.aborted; ) {
      const free = this.options.limit - this.host.size
      if (free <= 0) {
        await this.untilFree(drain)
        continue
      }
      try {
        await this.claim(Math.min(free, MAX_CLAIMS), drain)
        failures = 0
        this.noteReached()
      } catch (error) {
        if (drain.aborted) return
        if (!(error instanceof Unreachable)) throw error
        this.noteUnreached(error)
        const ms = Math.max(backoffMs(++failures, BACKOFF), (error.retryAfterSeconds ?? 0) * 1000)
        await pause(ms, drain)
      }
    }
  }

  private untilFree(drain: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        drain.removeEventListener('abort', end)
        this.wake = () => {}
        resolve()
      }
      this.wake = end
      drain.addEventListener('abort', end, { once: true })
    })
  }

  private async claim(limit: number, signal: AbortSignal): Promise<void> {
    const { api, name, workQueues, claimSeconds } = this.options
    const body = {
      worker_name: name,
      ...(workQueues.length > 0 && { work_queue_names: workQueues }),
      // Python runs are left to those who can run them.
      runs: 'typescript',
      limit,
      wait_seconds: WAIT_SECONDS,
      claim_seconds: claimSeconds,
      known_cancelling: this.host.cancelling,
    }
    const timeoutMs = (WAIT_SECONDS + 15) * 1000
    const answer = fieldsOf(await api.post(`${this.path}/claim`, body, { signal, timeoutMs }))
    for (const claim of listOf(answer.claims)) this.execute(fieldsOf(claim))
    for (const id of listOf(answer.cancelling)) this.host.cancel(textOf(id))
  }

  private execute(claim: Fields): void {
    const flowRun = fieldsOf(claim.flow_run)
    const id = textOf(flowRun.id)
    const token = textOf(claim.token) || null
    if (this.host.has(id)) return
    try {
      const deployment = fieldsOf(claim.deployment)
      this.host.start(workOf({ flowRun, token, deployment }, this.template), this.options.claimSeconds)
    } catch (error) {
      this.host.refuse(id, token, (error as Error).message).catch((refusal: Error) => {
        this.options.say(`what became of run ${id} could not be told: ${refusal.message}`)
      })
    }
  }

  private async beatUntil(stopped: AbortSignal): Promise<void> {
    await this.repeat(this.options.claimSeconds / 3, stopped, () => this.beat())
  }

  private async beat(): Promise<void> {
    const { api, name, claimSeconds } = this.options
    const claims = this.host.claims
    if (claims.length === 0) return this.host.deliverLeftovers()
    const body = { worker_name: name, claim_seconds: claimSeconds, claims }
    const sentMs = Date.now()
    // A sign of life that hangs is none: the next one must not wait for it.
    const timeoutMs = (claimSeconds / 3) * 1000
    const answer = fieldsOf(await api.post(`${this.path}/beat`, body, { timeoutMs }))
    this.host.renew(
      claims.map((claim) => claim.flow_run_id),
      sentMs + claimSeconds * 1000,
    )
    for (const id of listOf(answer.cancelling)) this.host.cancel(textOf(id))
    for (const lost of listOf(answer.lost)) {
      const { flow_run_id: id, reason } = fieldsOf(lost)
      this.host.lose(textOf(id), textOf(reason))
    }
    await this.host.deliverLeftovers()
  }

  /** Does it every so many seconds until stopped; sooner after a failure. */
  private async repeat(seconds: number, stopped: AbortSignal, act: () => Promise<void>): Promise<void> {
    while (!stopped.aborted) {
      let waitMs = seconds * 1000
      await pause(waitMs, stopped)
      for (let failures = 0; !stopped.aborted; ) {
        try {
          await act()
          this.noteReached()
          break
        } catch (error) {
          if (!(error instanceof Unreachable)) {
            this.options.say((error as Error).message)
            break
          }
          this.noteUnreached(error)
          waitMs = Math.min(backoffMs(++failures, BACKOFF), seconds * 1000)
          await pause(waitMs, stopped)
        }
      }
    }
  }

  private noteReached(): void {
    if (!this.isReached) this.options.say('the control plane answers again')
    this.isReached = true
  }

  private noteUnreached(error: Error): void {
    if (this.isReached) {
      this.options.say(`${error.message}. ${this.host.size > 0 ? 'Runs go on; trying' : 'Trying'} again`)
    }
    this.isReached = false
  }
}
