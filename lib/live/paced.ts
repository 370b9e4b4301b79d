export interface Paced<Value> {
  add(key: string, value: Value): void
  stop(): void
}

/**
 * Acts on what comes for a key at once, and on all that comes for it in the next `everyMs` once they are over, joined: so that whoever
 * is told is told soon, seldom, and of the last.
 */
export function paced<Value>(
  everyMs: number,
  act: (key: string, value: Value) => void,
  join: (earlier: Value, later: Value) => Value,
): Paced<Value> {
  const resting = new Map<
    string,
    { waiting: { readonly value: Value } | null; readonly timer: NodeJS.Timeout }
  >()

  const add = (key: string, value: Value): void => {
    const rest = resting.get(key)
    if (rest) {
      rest.waiting = { value: rest.waiting ? join(rest.waiting.value, value) : value }
      return
    }
    act(key, value)
    const timer = setTimeout(() => {
      const waiting = resting.get(key)?.waiting
      resting.delete(key)
      if (waiting) add(key, waiting.value)
    }, everyMs).unref()
    resting.set(key, { waiting: null, timer })
  }

  return {
    add,
    stop: () => {
      for (const { timer } of resting.values()) clearTimeout(timer)
      resting.clear()
    },
  }
}
