import type { Queryable } from '../db/clients.ts'
import { anyName } from '../domain/automations/match-event.ts'

interface WatchRow {
  readonly workspaceId: string
  readonly names: readonly string[]
  readonly changedAt: string
}

/** Read again in the background after this long, and waited for after twice as long: every process knows a change by then. */
const READ_AGAIN_MS = 2_500
/** Changes are read that began before the last look and were committed after it. */
const OVERLAP_SECONDS = 60

/**
 * Which events automations want to see, as far as this process knows: they are put into automation_intake by the statement that stores
 * them. A workspace without automations pays nothing for that, and a process reads one small row set every few seconds.
 */
export class EventWatch {
  readonly #wanted = new Map<string, (event: string) => boolean>()
  #readAtMs = Number.NEGATIVE_INFINITY
  #changedAt = '-infinity'
  #reading: Promise<void> | null = null
  /** Told that something changed while a look was under way: that look may not have seen it. */
  #again = false

  constructor(private readonly sql: Queryable) {}

  /** To be awaited, where it answers a promise, before events are stored. */
  ready(): Promise<void> | null {
    const age = performance.now() - this.#readAtMs
    if (age < READ_AGAIN_MS) return null
    const reading = this.#read()
    if (age >= 2 * READ_AGAIN_MS) return reading
    // Whoever needs to know waits for it a little later, and gets to see the error.
    reading.catch(() => {})
    return null
  }

  /** Something may have changed: the next to store events looks first. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
    this.#again = this.#reading !== null
  }

  wants(workspaceId: string, event: string): boolean {
    return this.#wanted.get(workspaceId)?.(event) ?? false
  }

  /** Ids of the events that somebody wants to see. */
  wantedOf(
    events: readonly { readonly workspace_id: string; readonly event: string; readonly id: string }[],
  ): readonly string[] {
    if (this.#wanted.size === 0) return []
    return events.filter((each) => this.wants(each.workspace_id, each.event)).map((each) => each.id)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    do {
      this.#again = false
      const began = performance.now()
      const rows = await this.sql<WatchRow[]>`
        select workspace_id, names, changed_at from automation_watches
        where changed_at > ${this.#changedAt}::timestamptz - make_interval(secs => ${OVERLAP_SECONDS})
        order by changed_at`
      for (const { workspaceId, names, changedAt } of rows) {
        if (names.length === 0) this.#wanted.delete(workspaceId)
        else this.#wanted.set(workspaceId, anyName(names))
        this.#changedAt = changedAt
      }
      this.#readAtMs = began
    } while (this.#again)
  }
}
