import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { importFile, LoadFailure } from '../cli/run-file/import-file.js'
import { pickFlow } from '../cli/run-file/pick-flow.js'
import { splitEntrypoint } from '../deploy/entrypoint.js'
import { errorStory } from '../record/error-story.js'
import { alignClock } from '../record/instant.js'
import { describeError } from '../record/text.js'
import { ParameterError } from '../sdk/errors.js'
import type { FlowHandle } from '../sdk/flow-handle.js'
import type { State } from '../sdk/state.js'
import { markHosted } from '../settings/hosted.js'
import type { ChildMessage, HostMessage, Job } from './child-protocol.js'

/**
 * The child's side: executes the one run that the host sends, and answers the exit code. When the host goes away nobody sends
 * signs of life any more, so the run stops: it ends Crashed at once or, when it is to be scheduled again, without a word,
 * since that is for the control plane to do once the claim has lapsed.
 */
export async function executeJob(): Promise<number> {
  markHosted()
  let stop: (reason: string) => void = () => {}
  let stopReason: string | null = null
  const askToStop = (reason: string) => {
    stopReason ??= reason
    stop(reason)
  }
  let isHostGone = false
  process.once('disconnect', () => {
    isHostGone = true
    askToStop('the process that started this one is gone')
  })
  const { job, confirmMs } = await new Promise<Extract<HostMessage, { type: 'run' }>>((received) => {
    process.on('message', (message: HostMessage) => {
      if (message.type === 'run') received(message)
      else askToStop(message.reason)
    })
    tellHost({ type: 'ready' })
  })
  process.title = `rigel run ${job.name}`
  alignClock(job.claimedAt)

  let handle: FlowHandle
  let state: State<unknown>
  let isUnconfirmed = false
  try {
    handle = await loadFlow(job)
    stop = handle.stop
    const { flowRunId: id, name, token, host, onLost } = job
    const message = `${host} is gone without a word, so the run that it had started was stopped`
    const lastWord = () =>
      isHostGone && onLost === 'crash' ? ({ type: 'CRASHED', name: 'Crashed', message } as const) : null
    const onUnconfirmed = () => {
      isUnconfirmed = true
    }
    const claim = { id, name, token, lastWord, confirmMs, onUnconfirmed }
    const running = handle.runWith(job.parameters, claim)
    // Asked while the file was being loaded.
    if (stopReason !== null) setImmediate(() => stop(stopReason ?? ''))
    state = await running
  } catch (error) {
    const isBadParameter = error instanceof Error && error.name === ParameterError.name
    const thrown = error instanceof LoadFailure ? error.cause : error
    const message = isBadParameter
      ? describeError(error)
      : `the flow could not be loaded: ${describeError(thrown)}`
    if (!isBadParameter) process.stderr.write(`${errorStory(thrown)}\n`)
    const type = isBadParameter ? 'FAILED' : 'CRASHED'
    const name = isBadParameter ? 'Failed' : 'Crashed'
    await tellHost({ type: 'ended', state: { type, name, message }, isRecorded: false, isUnconfirmed })
    return 1
  }
  // Until they have tidied up; the host's patience ends it otherwise, and our own when there is no host.
  if (stopReason !== null || state.isCancelled()) {
    // The control plane tells us of a cancellation as well, mostly before the host does.
    const unasked = new Promise<void>((resolve) => {
      setTimeout(() => stopReason ?? resolve(), UNASKED_MS)
    })
    await Promise.race([handle.settled(), untilAlone(() => isHostGone), unasked])
  }
  // Nobody has answered for long already.
  await handle.close(isUnconfirmed ? 0 : undefined)
  const { type, name, message = '' } = state
  const isRecorded = !state.isCancelled() && !state.isCrashed()
  await tellHost({ type: 'ended', state: { type, name, message }, isRecorded, isUnconfirmed })
  return state.isCompleted() ? 0 : 1
}

const ALONE_MS = 5_000
const UNASKED_MS = 30_000

/** Resolves when the host has been gone for a while. */
const untilAlone = (isHostGone: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const wait = () => setTimeout(resolve, ALONE_MS)
    if (isHostGone()) wait()
    else process.once('disconnect', wait)
  })

async function loadFlow({ directory, entrypoint }: Job): Promise<FlowHandle> {
  const { file, wanted } = splitEntrypoint(entrypoint)
  const path = resolve(directory, file)
  if (!existsSync(path)) throw new Error(`there is no file ${path} on this machine`)
  return pickFlow(await importFile(path), path, wanted).handle
}

/** Resolves when the message is on its way, or there is nobody to tell. */
function tellHost(message: ChildMessage): Promise<void> {
  return new Promise((told) => {
    if (!process.send || !process.connected) return told()
    process.send(message, () => told())
  })
}
