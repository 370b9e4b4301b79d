/** The longest that a timer can be set to; a longer wait is made of several. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A tree of things that can be told to stop: telling one tells all below it. */
export class CancelScope {
  private readonly controller = new AbortController()
  private readonly children = new Set<CancelScope>()

  constructor(private readonly parent: CancelScope | null = null) {
    parent?.children.add(this)
    if (parent?.signal.aborted) this.controller.abort(parent.signal.reason)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  cancel(reason: Error): void {
    if (this.signal.aborted) return
    this.controller.abort(reason)
    for (const child of this.children) child.cancel(reason)
  }

  /** The parent forgets it; otherwise a long run would collect all that ever ran in it. */
  close(): void {
    this.parent?.children.delete(this)
  }

  /** Resolves after `seconds`, or at once when told to stop. Never rejects. */
  async sleep(seconds: number): Promise<void> {
    const dueMs = Date.now() + seconds * 1000
    while (!this.signal.aborted) {
      const restMs = dueMs - Date.now()
      if (restMs <= 0) return
      await this.pause(Math.min(restMs, MAX_TIMER_MS))
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.signal.addEventListener('abort', end, { once: true })
    })
  }
}
