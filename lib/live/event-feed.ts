/** Items as they are committed, keyed by workspace, each once. Nothing is kept: subscribers fill in what was before. */
export interface Feed<Item> {
  /** Items that came already, from here or from another process's hint, are dropped. */
  publish(workspaceId: string, items: readonly Item[]): void
  /** Answers a function that stops listening. */
  subscribe(workspaceId: string, listener: (items: readonly Item[]) => void): () => void
  isFollowed(workspaceId: string): boolean
  /** The workspaces that somebody follows. */
  followed(): readonly string[]
}

interface Followed<Item> {
  readonly listeners: Set<(items: readonly Item[]) => void>
  readonly seen: Seen
}

export function createFeed<Item>(idOf: (item: Item) => string): Feed<Item> {
  const all = new Map<string, Followed<Item>>()
  return {
    publish(workspaceId, items) {
      const followed = all.get(workspaceId)
      if (!followed) return
      const fresh = items.filter((item) => followed.seen.add(idOf(item)))
      if (fresh.length > 0) for (const listener of followed.listeners) listener(fresh)
    },
    subscribe(workspaceId, listener) {
      const followed = all.get(workspaceId) ?? { listeners: new Set(), seen: new Seen() }
      all.set(workspaceId, followed)
      followed.listeners.add(listener)
      return () => {
        followed.listeners.delete(listener)
        if (followed.listeners.size === 0 && all.get(workspaceId) === followed) all.delete(workspaceId)
      }
    },
    isFollowed: (workspaceId) => all.has(workspaceId),
    followed: () => [...all.keys()],
  }
}

/** Ids that a generation holds; the last two are remembered. */
const GENERATION = 20_000

/** Whether something came before, as far as it is remembered. */
export class Seen {
  #young = new Set<string>()
  #old = new Set<string>()

  /** Whether it is new. */
  add(id: string): boolean {
    if (this.#young.has(id) || this.#old.has(id)) return false
    this.#young.add(id)
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Set()
    }
    return true
  }
}
