/** Items as they are committed in this process, keyed by workspace. Nothing is remembered: subscribers fill in what was before. */
export interface Feed<Item> {
  publish(workspaceId: string, items: readonly Item[]): void
  /** Answers a function that stops listening. */
  subscribe(workspaceId: string, listener: (items: readonly Item[]) => void): () => void
}

export function createFeed<Item>(): Feed<Item> {
  const listeners = new Map<string, Set<(items: readonly Item[]) => void>>()
  return {
    publish(workspaceId, items) {
      const those = listeners.get(workspaceId)
      if (those) for (const listener of those) listener(items)
    },
    subscribe(workspaceId, listener) {
      const those = listeners.get(workspaceId) ?? new Set()
      listeners.set(workspaceId, those.add(listener))
      return () => {
        those.delete(listener)
        if (those.size === 0 && listeners.get(workspaceId) === those) listeners.delete(workspaceId)
      }
    },
  }
}
