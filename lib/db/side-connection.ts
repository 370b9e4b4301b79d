import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import type { Sql } from './clients.ts'

const askedRecentlyMs = 2_000
const beatMs = 300
const idleBeatMs = 700
const silentMs = 5_000
const firstRetryMs = 50
const lastRetryMs = 2_000

export interface ChannelHandlers {
  onNotify(text: string): void
  /** Listening begins, again or for the first time: what was remembered before may have missed a notice. */
  onReset(): void
}

/** Somebody who listens on a channel. */
export interface ChannelListener {
  /** Whether it waits for notices without asking how current it is (open sockets): then an idle connection is probed too. */
  watched: boolean
  close(): void
}

/**
 * The one connection of a process that listens (LISTEN) and tells (NOTIFY), beside the pools that write. It knows how far it
 * can be believed: a heartbeat on the same connection proves that every notice committed before it has been handed over.
 */
export class SideConnection {
  readonly #engine: Sql
  readonly #channels = new Map<string, Set<ChannelListener & { readonly handlers: ChannelHandlers }>>()
  readonly #closing = new AbortController()
  readonly #done: Promise<void>
  #sql: postgres.Sql | null = null
  #provenAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #beating = false

  constructor(engine: Sql) {
    this.#engine = engine
    this.#done = this.#run()
  }

  get isListening(): boolean {
    return this.#sql !== null
  }

  /** Channel names are constants of the program: letters and underscores. */
  listen(channel: string, handlers: ChannelHandlers): ChannelListener {
    const listener = {
      handlers,
      watched: false,
      close: () => {
        this.#channels.get(channel)?.delete(listener)
      },
    }
    const known = this.#channels.get(channel)
    if (known) known.add(listener)
    else this.#channels.set(channel, new Set([listener]))
    // A channel that comes later than the connection; until then nothing is claimed of it.
    const sql = this.#sql
    if (sql && !known) sql.unsafe(`listen ${channel}`).then(handlers.onReset, () => {})
    else if (sql) queueMicrotask(handlers.onReset)
    return listener
  }

  /** Tells every process, this one too; by a pool's connection while this one is away. */
  async tell(channel: string, texts: readonly string[]): Promise<void> {
    await (this.#sql ?? this.#engine).unsafe(
      'select pg_notify($1, text) from json_array_elements_text(($2::text)::json) as told (text)',
      // As text: the two connections write JSON differently.
      [channel, JSON.stringify(texts)],
    )
  }

  /** performance.now() of the last instant whose notices have all arrived. Asking keeps the heartbeat going. */
  provenAt(now: number): number {
    const idle = now - this.#askedAt > askedRecentlyMs
    this.#askedAt = now
    if (idle) void this.#beat()
    return this.#provenAt
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#done
  }

  #connect(onLost: () => void): postgres.Sql {
    const { host, port, database, user, pass, ssl, path } = this.#engine.options
    return postgres({
      // The driver takes the lists that it made itself of several hosts.
      host: host as unknown as string,
      port: port as unknown as number,
      database,
      username: user,
      ...(pass === null ? {} : { password: pass as string }),
      ssl: ssl as boolean,
      ...(path ? { path: path as string } : {}),
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: 5,
      fetch_types: false,
      connection: { application_name: 'rigel listener' },
      onnotice: () => {},
      onclose: onLost,
      // A documented server message, but not yet in the driver's types.
      ...{ onnotify: (channel: string, text: string) => this.#hear(channel, text) },
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      const lost = new AbortController()
      const lose = (): void => lost.abort()
      signal.addEventListener('abort', lose, { once: true })
      const sql = this.#connect(lose)
      try {
        const channels = [...this.#channels.keys()]
        await Promise.race([
          Promise.all([
            sql.unsafe('select 1'),
            ...channels.map((channel) => sql.unsafe(`listen ${channel}`)),
          ]),
          once(lost.signal, 'abort').then(() => Promise.reject(new Error('the connection was lost'))),
        ])
        retryMs = firstRetryMs
        this.#sql = sql
        // Those that came while the connection was being made.
        const late = [...this.#channels.keys()].filter((channel) => !channels.includes(channel))
        await Promise.all(late.map((channel) => sql.unsafe(`listen ${channel}`)))
        for (const listeners of this.#channels.values())
          for (const { handlers } of listeners) handlers.onReset()
        await this.#keepBeating(lost.signal)
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
  async #keepBeating(lost: AbortSignal): Promise<void> {
    await this.#beat()
    while (!lost.aborted) {
      const wasAsked = this.#wasAsked()
      // With the signal, not in a race with a promise of the loss: that would remember each race as long as the connection lasts.
      await delay(wasAsked ? beatMs : idleBeatMs, undefined, { ref: false, signal: lost }).catch(() => {})
      if (lost.aborted) return
      // Nobody relies on it: an idle process leaves the database alone.
      if (!wasAsked && !this.#isWatched()) continue
      if (await this.#isSilent()) return
    }
  }

  /** Whether a beat is not answered in time. */
  #isSilent(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, silentMs, true).unref()
      void this.#beat().then(() => {
        clearTimeout(timer)
        resolve(false)
      })
    })
  }

  #wasAsked(): boolean {
    return performance.now() - this.#askedAt <= askedRecentlyMs
  }

  #isWatched(): boolean {
    for (const listeners of this.#channels.values())
      for (const listener of listeners) if (listener.watched) return true
    return false
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
    for (const { handlers } of this.#channels.get(channel) ?? []) handlers.onNotify(text)
  }
}
