import { openWorkspace } from '../connection/open-workspace.js'
import { ApiRefusal, Unreachable, type WorkspaceApi } from '../connection/workspace-api.js'
import { parameterSchema } from '../deploy/parameter-schema.js'
import { type Fields, fieldsOf, textOf } from '../record/fields.js'
import { alignClock, instantIn } from '../record/instant.js'
import { uuid7 } from '../record/uuid.js'
import type { CancelScope } from './cancel-scope.js'
import { NoRunContext, PauseEnded, RunSuspended } from './errors.js'
import type { FlowRun } from './flow-run.js'
import { validateParameters } from './parameters.js'
import type { PauseOptions } from './pause.js'
import { LEVELS } from './print-log.js'
import { currentFrame } from './run-frame.js'

/** Waits in the process. */
export async function pause(options: PauseOptions): Promise<unknown> {
  const { flowRun, scope } = surrounding('pauseFlowRun')
  const proposed = await propose(flowRun, scope, options, false)
  if (!proposed.isOver) {
    flowRun.log(LEVELS.info, `Paused until it is resumed, at most ${proposed.timeoutSeconds} s`)
    await untilResumed(proposed, scope, options.pollSeconds ?? 5)
    flowRun.log(LEVELS.info, 'Resumed')
  }
  return readInput(proposed, options)
}

/** Ends the run here; the next time it is through. */
export async function suspend(options: PauseOptions): Promise<unknown> {
  const { flowRun, scope } = surrounding('suspendFlowRun')
  const proposed = await propose(flowRun, scope, { timeoutSeconds: 3_600, ...options }, true)
  if (proposed.isOver) return readInput(proposed, options)
  const ended = new RunSuspended(`suspended until it is resumed, at most ${proposed.timeoutSeconds} s`)
  // Told to the scope and not only thrown: a function that catches everything must not go on.
  scope.cancel(ended)
  throw ended
}

function surrounding(caller: string): { readonly flowRun: FlowRun; readonly scope: CancelScope } {
  const frame = currentFrame()
  if (frame?.kind !== 'flow' || !frame.flowRun) {
    throw new NoRunContext(`${caller}() was called outside the body of a flow`)
  }
  return { flowRun: frame.flowRun, scope: frame.scope }
}

interface Pause {
  readonly api: WorkspaceApi
  readonly path: string
  readonly timeoutSeconds: number
  readonly keyset: { readonly schema: string; readonly response: string; readonly description: string }
  /** The run has been through it. */
  readonly isOver: boolean
}

const CONFIRM_MS = 30_000
const FIRED = /already fired/

async function propose(
  flowRun: FlowRun,
  scope: CancelScope,
  { timeoutSeconds = 300, key = String(flowRun.nextPause()), input, description }: PauseOptions,
  isSuspended: boolean,
): Promise<Pause> {
  if (!/^[a-z0-9-]{1,200}$/.test(key))
    throw new TypeError(`a pause cannot have the key "${key}": use lower-case letters, digits and dashes`)
  const api = await openWorkspace()
  // Nobody can pause a run that the control plane does not yet know to be running.
  if (!(await flowRun.acknowledged(CONFIRM_MS)))
    throw new PauseEnded('the control plane could not be told of the run, so that nobody could resume it')
  const name = isSuspended ? 'suspended' : 'paused'
  const part = (what: string) => `${name}-${key}-${what}`
  const keyset = { schema: part('schema'), response: part('response'), description: part('description') }
  const token = flowRun.facts.claim?.token
  const state = {
    type: 'PAUSED',
    name: isSuspended ? 'Suspended' : 'Paused',
    state_details: {
      pause_timeout: instantIn(timeoutSeconds),
      pause_reschedule: isSuspended,
      pause_key: key,
      ...(input && { run_input_keyset: keyset }),
      ...(token && { claim_token: token }),
      transition_id: uuid7(),
    },
  }
  const path = `flow_runs/${flowRun.id}`
  const answer = fieldsOf(
    await insist(scope, () => api.post(`${path}/set_state`, { state }, { signal: scope.signal })),
  )
  const reason = textOf(fieldsOf(answer.details).reason)
  const isOver = textOf(answer.status) !== 'ACCEPT' && FIRED.test(reason)
  if (textOf(answer.status) !== 'ACCEPT' && !isOver)
    throw new PauseEnded(reason || `the pause was refused (${textOf(answer.status)})`)
  alignClock(textOf(fieldsOf(answer.state).timestamp))
  if (input && !isOver) {
    const leave = (at: string, value: unknown) =>
      insist(scope, () => api.post(`${path}/input`, { key: at, value: JSON.stringify(value) }))
    await leave(keyset.schema, parameterSchema(input, []).schema)
    if (description !== undefined) await leave(keyset.description, description)
  }
  return { api, path, timeoutSeconds, keyset, isOver }
}

async function untilResumed({ api, path }: Pause, scope: CancelScope, pollSeconds: number): Promise<void> {
  for (;;) {
    await scope.sleep(pollSeconds)
    scope.signal.throwIfAborted()
    const run = fieldsOf(await insist(scope, () => api.get(path, { signal: scope.signal })))
    const type = textOf(run.state_type)
    if (type === 'PAUSED') continue
    const state: Fields = fieldsOf(run.state)
    alignClock(textOf(state.timestamp))
    if (type === 'RUNNING') return
    throw new PauseEnded(textOf(state.message) || `the run is ${textOf(state.name)}`)
  }
}

async function readInput({ api, path, keyset }: Pause, { input }: PauseOptions): Promise<unknown> {
  if (!input) return undefined
  const value = await api.find(`${path}/input/${keyset.response}`)
  return validateParameters('the input of the pause', input, value ?? {})
}

/** Again and again while nobody answers: a pause outlasts an outage. */
async function insist<T>(scope: CancelScope, call: () => Promise<T>): Promise<T> {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, 30)) {
    try {
      return await call()
    } catch (error) {
      if (error instanceof ApiRefusal) throw new PauseEnded(error.message)
      if (!(error instanceof Unreachable)) throw error
      await scope.sleep(seconds)
      scope.signal.throwIfAborted()
    }
  }
}
