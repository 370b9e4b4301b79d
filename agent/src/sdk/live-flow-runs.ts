import type { Reporter } from '../connection/reporter.js'
import { errorStory } from '../record/error-story.js'
import { describeError } from '../record/text.js'
import { readEnvironment } from '../settings/environment.js'
import { isHosted } from '../settings/hosted.js'
import type { CancelScope } from './cancel-scope.js'
import { RunCancelled } from './errors.js'
import type { FlowRun } from './flow-run.js'
import { LEVELS } from './print-log.js'
import type { NewState } from './task-run.js'

interface LiveRun {
  readonly run: FlowRun
  readonly scope: CancelScope
  readonly reporter: Reporter
}

/** How long a dying process waits for its last words to be acknowledged. What is left goes with the next run. */
const LAST_WORDS_MS = 3_000
const live = new Set<LiveRun>()
let isDying = false

/**
 * Watches over a flow run until the answered function is called: should the process end before, the run's last
 * state says why. Listeners exist only while runs do, and stand back where the program has its own.
 */
export function guardFlowRun(run: FlowRun, scope: CancelScope, reporter: Reporter): () => void {
  const entry = { run, scope, reporter }
  if (live.size === 0) listen()
  live.add(entry)
  return () => {
    live.delete(entry)
    // What a dying run throws into the program must not end the process before the last words are delivered.
    if (live.size === 0 && !isDying) unlisten()
  }
}

function listen(): void {
  process.on('uncaughtException', onUncaught)
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  // Before the reporter's own listener, which closes the outbox.
  process.prependListener('exit', onExit)
}

function unlisten(): void {
  process.off('uncaughtException', onUncaught)
  process.off('SIGINT', onSignal)
  process.off('SIGTERM', onSignal)
  process.off('exit', onExit)
}

/** Tells every run of this process to stop. */
export function stopLiveRuns(reason: string): void {
  for (const { scope } of live) scope.cancel(new RunCancelled(reason))
}

/** Children last began, so they end first. */
function endAll(next: NewState, reason: Error, story = reason.message): Reporter[] {
  const entries = [...live].reverse()
  for (const [i, { run, scope }] of entries.entries()) {
    run.endAbruptly(next, i === 0 ? story : reason.message)
    scope.cancel(reason)
  }
  const reporters = [...new Set(entries.map((entry) => entry.reporter))]
  for (const reporter of reporters) reporter.flush()
  return reporters
}

function endProcess(next: NewState, reason: Error, end: () => void, story?: string): void {
  isDying = true
  const closing = endAll(next, reason, story).map((reporter) => reporter.close(LAST_WORDS_MS))
  void Promise.allSettled(closing).then(end)
}

function onUncaught(error: unknown): void {
  // A program with a listener of its own decides for itself whether it goes on; then so do its runs.
  if (isDying || process.listenerCount('uncaughtException') > 1) return
  const told = errorStory(error)
  const message = `Uncaught outside the flow's own code: ${describeError(error)}`
  // Where the log's lines are not shown, or recorded by the process above, which tells of the end.
  const isShown = !isHosted() && readEnvironment().consoleLevel <= LEVELS.error
  if (!isShown) process.stderr.write(`Uncaught ${told}\n`)
  const story = isHosted() ? message : `Uncaught outside the flow's own code: ${told}`
  const failed: NewState = { type: 'FAILED', name: 'Failed', message }
  endProcess(failed, new RunCancelled(message), () => process.exit(1), story)
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  const kill = () => {
    unlisten()
    process.kill(process.pid, signal)
  }
  // Asked twice: no more waiting. Everything is on disk already.
  if (isDying) {
    kill()
    return
  }
  const message = `the process was stopped by ${signal}`
  const next: NewState =
    signal === 'SIGINT'
      ? { type: 'CANCELLED', name: 'Cancelled', message }
      : { type: 'CRASHED', name: 'Crashed', message }
  endProcess(next, new RunCancelled(message), kill)
}

function onExit(): void {
  if (isDying) return
  const message = 'the process ended before the flow did'
  endAll({ type: 'CRASHED', name: 'Crashed', message }, new RunCancelled(message))
}
