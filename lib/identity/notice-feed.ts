import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import type { Sql } from '../db/clients.ts'
import { ACCESS_CHANNEL, type AccessNotice, parseNotice } from '../domain/access/notice.ts'

const askedRecentlyMs = 2_000
const beatMs = 300
const idleBeatMs = 700
const silentMs = 5_000
const firstRetryMs = 50
const lastRetryMs = 2_000

export interface NoticeFeedHandlers {
  onNotice(notice: AccessNotice): void
  /** Listening begins, again or for the first time: whatever was remembered before may have missed a notice. */
  onReset(): void
}

/**
 * One connection that listens for revocations, and knows how far it can be believed: a heartbeat on the same
 * connection proves that every notice committed before it has been handed over.
 */
export class NoticeFeed {
  readonly #connection: postgres.Options<Record<string, never>>
  readonly #handlers: NoticeFeedHandlers
  readonly #closing = new AbortController()
  #sql: postgres.Sql | null = null
  #provenAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #beating = false
  readonly #done: Promise<void>
  /** Whether somebody waits for notices without asking (open sockets). */
  watched = false

  constructor(engine: Sql, handlers: NoticeFeedHandlers) {
    const { host, port, database, user, pass, ssl, path } = engine.options
    this.#connection = {
      // The driver takes the lists that it made itself of several hosts.
      host: host as unknown as string,
      port: port as unknown as number,
      database,
      username: user,
      ...(pass === null ? {} : { password: pass as string }),
      ssl: ssl as boolean,
      ...(path ? { path: path as string } : {}),
    }
    this.#handlers = handlers
    this.#done = this.#run()
  }

  /** performance.now() of the last instant whose notices have all arrived. Asking keeps the heartbeat going. */
  provenAt(now: number): number {
    const idle = now - this.#askedAt > askedRecentlyMs
    this.#askedAt = now
    if (idle) void this.#beat()
    return this.#provenAt
  }

  get isListening(): boolean {
    return this.#sql !== null
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      let lose = (): void => {}
      const lost = new Promise<void>((resolve) => {
        lose = resolve
      })
      signal.addEventListener('abort', lose, { once: true })
      const sql = postgres({
        ...this.#connection,
        max: 1,
        idle_timeout: 0,
        max_lifetime: null,
        connect_timeout: 5,
        fetch_types: false,
        connection: { application_name: 'rigel identity' },
        onnotice: () => {},
        onclose: lose,
        // A documented server message, but not yet in the driver's types.
        ...{ onnotify: (channel: string, text: string) => this.#hear(channel, text) },
      })
      try {
        await Promise.race([
          sql.unsafe(`listen ${ACCESS_CHANNEL}`),
          lost.then(() => Promise.reject(new Error('the connection was lost'))),
        ])
        retryMs = firstRetryMs
        this.#sql = sql
        this.#handlers.onReset()
        await this.#keepBeating(lost)
      } catch {
        // The database is away; those who ask find out by themselves.
      }
      this.#sql = null
      signal.removeEventListener('abort', lose)
      await sql.end({ timeout: 0 }).catch(() => {})
      await delay(retryMs, undefined, { signal, ref: false }).catch(() => {})
      retryMs = Math.min(retryMs * 2, lastRetryMs)
    }
  }

  /** Ends when the connection is lost or has been silent for too long. */
  async #keepBeating(lost: Promise<void>): Promise<void> {
    let gone = false
    void lost.then(() => {
      gone = true
    })
    await this.#beat()
    while (!gone) {
      const wasAsked = this.#wasAsked()
      await Promise.race([lost, delay(wasAsked ? beatMs : idleBeatMs, undefined, { ref: false })])
      if (gone) return
      // Nobody relies on it: an idle process leaves the database alone.
      if (!wasAsked && !this.watched) continue
      const answer = this.#beat().then(() => true)
      if (!(await Promise.race([answer, lost.then(() => true), delay(silentMs, false, { ref: false })])))
        return
    }
  }

  #wasAsked(): boolean {
    return performance.now() - this.#askedAt <= askedRecentlyMs
  }

  async #beat(): Promise<void> {
    const sql = this.#sql
    if (!sql || this.#beating) return
    this.#beating = true
    const at = performance.now()
    try {
      // The server hands over pending notices before it says that it is ready for the next query.
      await sql`select 1`
      if (this.#sql === sql) this.#provenAt = at
    } catch {
      // The connection's end is noticed by those who wait for it.
    } finally {
      this.#beating = false
    }
  }

  #hear(channel: string, text: string): void {
    const notice = channel === ACCESS_CHANNEL ? parseNotice(text) : null
    if (notice) this.#handlers.onNotice(notice)
  }
}
