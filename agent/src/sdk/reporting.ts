import type { Reporter } from '../connection/reporter.js'

const nobody: Reporter = {
  record: () => {},
  whenPageKnown: () => {},
  watch: () => () => {},
  acknowledged: () => Promise.resolve(true),
  drain: () => Promise.resolve(),
  flush: () => {},
  close: () => Promise.resolve(),
}

let current: Reporter | null = null
let opening: Promise<Reporter> | null = null

/**
 * The reporter of this process, opened by the first flow: connection and websocket are loaded only then, so that
 * importing the package costs next to nothing.
 */
export function reporting(): Reporter | Promise<Reporter> {
  if (current) return current
  opening ??= import('../connection/reporter.js').then(({ openReporter }) => {
    current = openReporter() ?? nobody
    return current
  })
  return opening
}

/**
 * Waits until everything recorded so far is acknowledged, at most `deadlineMs` (default RIGEL_DRAIN_SECONDS, 10 s),
 * and closes the connection. What is left stays on disk for the next run. May be called twice; a flow that starts
 * afterwards opens a new one. Scripts need not call it: they end by themselves when all is delivered.
 */
export async function closeReporting(deadlineMs?: number): Promise<void> {
  const reporter = current ?? (await opening)
  await reporter?.close(deadlineMs)
  if (current === reporter) {
    current = null
    opening = null
  }
}

/** For tests: reports to `reporter` instead of what the profile says; null goes back to the profile. */
export function replaceReporter(reporter: Reporter | null): void {
  current = reporter
  opening = null
}
