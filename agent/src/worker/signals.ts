/**
 * SIGTERM and SIGINT as two requests: the first to end in order, the second to end now, a third to drop everything.
 * `close` gives the listeners back.
 */
export interface EndRequests {
  readonly drain: AbortSignal
  readonly hurry: AbortSignal
  readonly kill: AbortSignal
  readonly close: () => void
}

export function listenForEnd(onFirst: (signal: string) => void, given?: AbortSignal): EndRequests {
  const steps = [new AbortController(), new AbortController(), new AbortController()] as const
  let count = 0
  const next = (signal: string) => {
    if (count === 0) onFirst(signal)
    steps[Math.min(count, 2)]?.abort()
    count++
  }
  const onGiven = () => next('abort')
  process.on('SIGTERM', next)
  process.on('SIGINT', next)
  if (given?.aborted) onGiven()
  else given?.addEventListener('abort', onGiven, { once: true })
  return {
    drain: steps[0].signal,
    hurry: steps[1].signal,
    kill: steps[2].signal,
    close: () => {
      process.off('SIGTERM', next)
      process.off('SIGINT', next)
      given?.removeEventListener('abort', onGiven)
    },
  }
}

/** Resolves after `ms` or when the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
