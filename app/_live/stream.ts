import type { Change, LiveMessage, LiveTopic } from '#lib/domain/change.ts'

export type LiveStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `sinceMs`: the last moment at which what is shown was known to be true. */
  | { readonly kind: 'cut'; readonly sinceMs: number; readonly nextTryMs: number }

const retryDelaysMs = [500, 2000, 5000, 10_000, 20_000]
/** Enough for the changes between a server render and its arrival here. */
const mostRecent = 5000

/** The tab's event stream: opens, resumes from its cursor, and hands over changes once a frame. */
export class LiveStream {
  readonly #path: string
  readonly #refetch: () => void
  readonly #changeListeners = new Set<(changes: readonly Change[]) => void>()
  readonly #statusListeners = new Set<() => void>()
  #source: EventSource | undefined
  #topic: LiveTopic | undefined
  #cursor: string
  #recent: Change[] = []
  #queued: Change[] = []
  #flushing = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #lastFactMs = 0
  #status: LiveStatus = { kind: 'connecting' }

  constructor(path: string, cursor: string, refetch: () => void) {
    this.#path = path
    this.#cursor = cursor
    this.#refetch = refetch
  }

  /** Goes on when the topic stays; a new topic starts from the cursor its page was rendered at. */
  watch(topic: LiveTopic, cursor: string = this.#cursor): void {
    if (topic === this.#topic && this.#source) return
    if (topic !== this.#topic) this.#recent = []
    this.#topic = topic
    this.#cursor = cursor
    this.#lastFactMs = Date.now()
    this.#open()
  }

  recent(): readonly Change[] {
    return this.#recent
  }

  readonly status = (): LiveStatus => this.#status

  readonly onStatus = (listener: () => void): (() => void) => {
    this.#statusListeners.add(listener)
    return () => this.#statusListeners.delete(listener)
  }

  onChanges(listener: (changes: readonly Change[]) => void): () => void {
    this.#changeListeners.add(listener)
    return () => this.#changeListeners.delete(listener)
  }

  reconnect(): void {
    if (this.#status.kind !== 'live') this.#open()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#source?.close()
    this.#source = undefined
    this.#topic = undefined
  }

  #open(): void {
    clearTimeout(this.#retry)
    this.#source?.close()
    const query = new URLSearchParams({ topic: this.#topic ?? 'runs', cursor: this.#cursor })
    const source = new EventSource(`${this.#path}?${query}`)
    this.#source = source
    source.onopen = () => {
      this.#failures = 0
      this.#lastFactMs = Date.now()
      this.#say({ kind: 'live' })
    }
    source.onmessage = (event: MessageEvent<string>) => {
      this.#lastFactMs = Date.now()
      this.#take(JSON.parse(event.data) as LiveMessage)
    }
    // The browser's own retry says neither when it comes nor why it failed; this one does.
    source.onerror = () => {
      source.close()
      if (this.#source === source) this.#wait()
    }
  }

  #wait(): void {
    if (this.#status.kind === 'live') this.#lastFactMs = Date.now()
    const delay = retryDelaysMs[Math.min(this.#failures, retryDelaysMs.length - 1)] ?? 20_000
    this.#failures += 1
    // Perhaps the session ended: the server then sends the page to sign-in.
    if (this.#failures === 4) this.#refetch()
    this.#say({ kind: 'cut', sinceMs: this.#lastFactMs, nextTryMs: Date.now() + delay })
    this.#retry = setTimeout(() => this.#open(), delay)
  }

  #take(message: LiveMessage): void {
    this.#cursor = message.cursor
    if (message.type === 'gap') {
      this.#recent = []
      this.#refetch()
      return
    }
    this.#recent.push(...message.changes)
    if (this.#recent.length > mostRecent) this.#recent = this.#recent.slice(-mostRecent)
    this.#queued.push(...message.changes)
    if (this.#flushing) return
    this.#flushing = true
    // Frames stop in a hidden tab; changes must not pile up there.
    if (document.hidden) setTimeout(this.#flush, 100)
    else requestAnimationFrame(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushing = false
    const changes = this.#queued
    this.#queued = []
    for (const listener of this.#changeListeners) listener(changes)
  }

  #say(status: LiveStatus): void {
    this.#status = status
    for (const listener of this.#statusListeners) listener()
  }
}
