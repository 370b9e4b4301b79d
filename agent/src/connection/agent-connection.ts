import type { ServerFrame } from '../protocol/frames.js'
import { type Backoff, backoffMs, DEFAULT_BACKOFF } from './backoff.js'
import { type Endpoint, ReportingStopped } from './endpoint.js'
import { Hold } from './hold.js'
import { postRecords } from './http-session.js'
import type { Outbox } from './outbox/outbox.js'
import { DEFAULT_TIMES, type SessionEnd, type SessionTimes, SocketSession } from './socket-session.js'

export interface ConnectionOptions {
  /** Asked before every attempt until it answers; may throw ReportingStopped. */
  readonly endpoint: () => Endpoint | Promise<Endpoint>
  readonly outbox: Outbox
  readonly onFrame?: (frame: ServerFrame) => void
  /** Called once, when no attempt will follow. */
  readonly onStopped?: (error: ReportingStopped) => void
  readonly backoff?: Backoff
  readonly times?: SessionTimes
  /** After so many attempts in a row that ended before the welcome, records go by HTTP. Default 3. */
  readonly failuresBeforeHttp?: number
  /** While records go by HTTP, a websocket is tried again this often. Default 60,000. */
  readonly retrySocketMs?: number
}

const UNREACHED_DRAIN_MS = 3_000

/**
 * Carries one outbox to the server: by websocket, or by HTTP where websockets are blocked, again and again until
 * everything is acknowledged or the server refuses us for good. Nothing here throws into the flow that runs.
 */
export class AgentConnection {
  readonly hold = new Hold()
  private readonly stopping = new AbortController()
  private readonly backoff: Backoff
  private readonly outbox: Outbox
  private session: SocketSession | null = null
  private failures = 0
  private wasReached = false
  private httpUntilMs = 0
  /** Ends the wait for something to send. */
  private wake: (() => void) | null = null
  /** Ends the wait after a failure. */
  private hurry: (() => void) | null = null
  private drainWaiters: (() => void)[] = []
  private running: Promise<void> | null = null
  private closing: Promise<boolean> | null = null
  /** Why the last attempt failed; null while connected. */
  trouble: string | null = null
  stopped: ReportingStopped | null = null

  constructor(private readonly options: ConnectionOptions) {
    this.outbox = options.outbox
    this.backoff = options.backoff ?? DEFAULT_BACKOFF
    this.outbox.onFlushed = () => this.poke()
  }

  start(): void {
    this.running ??= this.run()
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping.signal.aborted) await this.attempt()
    } catch (error) {
      this.stop(error instanceof ReportingStopped ? error : new ReportingStopped((error as Error).message))
    }
    for (const waiter of this.drainWaiters.splice(0)) waiter()
  }

  private stop(error: ReportingStopped): void {
    this.stopped = error
    this.options.onStopped?.(error)
  }

  private async attempt(): Promise<void> {
    let endpoint: Endpoint
    try {
      endpoint = await this.options.endpoint()
    } catch (error) {
      if (error instanceof ReportingStopped) throw error
      return this.pause((error as Error).message, null)
    }
    if (Date.now() < this.httpUntilMs) await this.byHttp(endpoint)
    else await this.bySocket(endpoint)
  }

  private async bySocket(endpoint: Endpoint): Promise<void> {
    const { outbox, hold, stopping, options } = this
    const session = new SocketSession(
      endpoint,
      outbox,
      hold,
      options.times ?? DEFAULT_TIMES,
      (frame) => this.receive(frame),
      stopping.signal,
    )
    this.session = session
    const end: SessionEnd = await session.ended
    this.session = null
    if (stopping.signal.aborted) return
    if (end.kind === 'stopped') throw end.error
    if (end.kind === 'unopened') {
      this.failures++
      if (this.failures >= (options.failuresBeforeHttp ?? 3)) {
        this.httpUntilMs = Date.now() + (options.retrySocketMs ?? 60_000)
      }
    }
    await this.pause(end.reason, null)
  }

  private async byHttp(endpoint: Endpoint): Promise<void> {
    const { outbox, hold, stopping } = this
    const outcome = await postRecords(endpoint, outbox, hold, (frame) => this.receive(frame), stopping.signal)
    if (stopping.signal.aborted) return
    switch (outcome.kind) {
      case 'sent':
        this.trouble = null
        return
      case 'idle':
        return this.waitForWork(this.httpUntilMs - Date.now())
      case 'unreachable':
        // Nobody is there at all, so it was not the websocket that was blocked: try that again first.
        this.httpUntilMs = 0
        return this.pause(outcome.reason, outcome.retryAfterSeconds)
    }
  }

  private async pause(reason: string, retryAfterSeconds: number | null): Promise<void> {
    this.trouble = reason
    const attempt = Math.max(1, this.failures)
    const ms = Math.max(backoffMs(attempt, this.backoff), Math.min(retryAfterSeconds ?? 0, 60) * 1000)
    await this.sleep(ms, 'hurry')
  }

  private waitForWork(ms: number): Promise<void> {
    return this.sleep(ms, 'wake')
  }

  /** Ends early when the connection is closed, or when `alarm` is called. */
  private async sleep(ms: number, alarm: 'wake' | 'hurry'): Promise<void> {
    const woken = new AbortController()
    const end = () => woken.abort()
    this[alarm] = end
    this.stopping.signal.addEventListener('abort', end, { once: true })
    await this.hold.wait(this.stopping.signal.aborted ? 0 : ms, woken.signal)
    this[alarm] = null
    this.stopping.signal.removeEventListener('abort', end)
  }

  private poke(): void {
    this.session?.pump()
    this.wake?.()
  }

  private receive(frame: ServerFrame): void {
    this.wasReached = true
    if (frame.type === 'welcome') {
      this.failures = 0
      this.trouble = null
    }
    this.options.onFrame?.(frame)
    if (frame.type === 'ack' && this.outbox.pendingCount === 0) {
      for (const waiter of this.drainWaiters.splice(0)) waiter()
    }
  }

  /** How many records are not yet acknowledged. */
  get pending(): number {
    return this.outbox.pendingCount
  }

  /**
   * Waits until everything is acknowledged; answers whether it is, at the latest after `deadlineMs`. A server that
   * was not reached even once is given 3 s at most: a script should not linger for one that is plainly down.
   */
  async drain(deadlineMs: number): Promise<boolean> {
    this.outbox.flush()
    if (this.outbox.pendingCount > 0 && !this.stopped && this.running) {
      const timeout = new AbortController()
      this.drainWaiters.push(() => timeout.abort())
      this.hold.acquire()
      // The process wants to end: the rest of a long pause is better spent on an attempt.
      this.hurry?.()
      const ms = this.wasReached ? deadlineMs : Math.min(deadlineMs, UNREACHED_DRAIN_MS)
      await this.hold.wait(ms, timeout.signal)
      this.hold.release()
    }
    return this.outbox.pendingCount === 0
  }

  /** Drains, says goodbye and lets go of everything. May be called twice; the second call waits for the first. */
  close(deadlineMs: number): Promise<boolean> {
    this.closing ??= this.closeOnce(deadlineMs)
    return this.closing
  }

  private async closeOnce(deadlineMs: number): Promise<boolean> {
    const drained = await this.drain(deadlineMs)
    this.session?.close()
    this.stopping.abort()
    await this.running
    this.outbox.onFlushed = () => {}
    this.outbox.close()
    return drained
  }
}
