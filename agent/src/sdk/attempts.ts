import { CancelScope } from './cancel-scope.js'
import { RunTimedOut } from './errors.js'
import { delayBefore, type RunOptions } from './options.js'

/** How a run ended. `cancelled` came from outside; `timed-out` is the run's own limit. */
export type Outcome<R> =
  | { readonly kind: 'completed'; readonly value: R }
  | { readonly kind: 'failed' | 'timed-out' | 'cancelled'; readonly error: unknown }

export interface Attempts<R> {
  readonly what: string
  readonly options: Pick<RunOptions, 'retries' | 'retryDelay' | 'timeoutSeconds'>
  readonly scope: CancelScope
  /** Attempt 1 is the first. When it answers a promise the function is not called before that resolves. */
  readonly onStart: (attempt: number) => void | Promise<void>
  readonly onRetry: (retry: number, delaySeconds: number, error: unknown) => void
  readonly body: (scope: CancelScope, attempt: number) => R | Promise<R>
  /** Runs after each attempt, also one that timed out, before anything else is recorded. */
  readonly settle?: () => Promise<void>
}

/** Tries until it completes, is cancelled, or has used up its retries. Never rejects. */
export async function runAttempts<R>(attempts: Attempts<R>): Promise<Outcome<R>> {
  const { options, scope } = attempts
  for (let attempt = 1; ; attempt++) {
    if (scope.signal.aborted) return { kind: 'cancelled', error: scope.signal.reason }
    // Not awaited when there is nothing to wait for: a task starts in the very turn in which it is called.
    const starting = attempts.onStart(attempt)
    if (starting) await starting
    if (scope.signal.aborted) return { kind: 'cancelled', error: scope.signal.reason }
    const outcome = await runOnce(attempts, attempt)
    await attempts.settle?.()
    const mayRetry = outcome.kind === 'failed' || outcome.kind === 'timed-out'
    if (!mayRetry || attempt > (options.retries ?? 0) || scope.signal.aborted) return outcome
    const seconds = delayBefore(attempt, options.retryDelay)
    attempts.onRetry(attempt, seconds, outcome.error)
    await scope.sleep(seconds)
  }
}

async function runOnce<R>(attempts: Attempts<R>, attempt: number): Promise<Outcome<R>> {
  const { what, options, scope: around } = attempts
  const scope = new CancelScope(around)
  const timedOut = options.timeoutSeconds && new RunTimedOut(what, options.timeoutSeconds)
  const timer = timedOut && setTimeout(() => scope.cancel(timedOut), options.timeoutSeconds * 1000)
  const told = new Promise<never>((_, reject) => {
    scope.signal.addEventListener('abort', () => reject(scope.signal.reason), { once: true })
  })
  try {
    // The race lets the run end although the function goes on: JavaScript cannot stop it, only ask (the signal).
    const value = await Promise.race([told, startBody(attempts, scope, attempt)])
    return { kind: 'completed', value }
  } catch (error) {
    if (!scope.signal.aborted) return { kind: 'failed', error }
    // A function that heeds the signal throws an AbortError of its own; what counts is why it was asked.
    const reason: unknown = scope.signal.reason
    return { kind: reason === timedOut ? 'timed-out' : 'cancelled', error: reason }
  } finally {
    clearTimeout(timer || undefined)
    scope.close()
  }
}

/** Functions that have not returned, also those whose run has ended without them. */
const bodies = new Set<Promise<unknown>>()

/** Resolves when every function that was told to stop has tidied up and returned. */
export async function bodiesSettled(): Promise<void> {
  while (bodies.size > 0) await Promise.allSettled(bodies)
}

function startBody<R>({ body }: Attempts<R>, scope: CancelScope, attempt: number): Promise<R> {
  const running = (async () => body(scope, attempt))()
  bodies.add(running)
  const forget = () => bodies.delete(running)
  running.then(forget, forget)
  return running
}
