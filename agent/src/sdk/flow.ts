import type { Reporter } from '../connection/reporter.js'
import type { Deployment, DeployOptions, ServeOptions } from '../deploy/options.js'
import { parametersToJson } from '../record/json.js'
import { describeError, fingerprint, slug } from '../record/text.js'
import { isHosted } from '../settings/hosted.js'
import { bodiesSettled, type Outcome, runAttempts } from './attempts.js'
import { CancelScope } from './cancel-scope.js'
import { ParameterError, RunCancelled, RunSuspended } from './errors.js'
import { failureStory, finalStateOf, toState } from './final-state.js'
import { FLOW_HANDLE, type FlowHandle } from './flow-handle.js'
import { type ClaimedRun, FlowRun } from './flow-run.js'
import { guardFlowRun, stopLiveRuns } from './live-flow-runs.js'
import { recordPrints } from './log-prints.js'
import { checkOptions, type FlowOptions } from './options.js'
import { arrangeParameters, nameArguments, parameterNames, validateParameters } from './parameters.js'
import { LEVELS } from './print-log.js'
import { closeReporting, reporting } from './reporting.js'
import { currentFrame, type RunFrame, runInFrame } from './run-frame.js'
import type { SchemaOutput, StandardSchemaV1 } from './standard-schema.js'
import type { State } from './state.js'
import { awaitingRetry, type SchemaArguments } from './task.js'
import { rememberMaker, rememberParameters, traceInputs } from './task-inputs.js'
import { reportedState, TaskRun } from './task-run.js'

/** A function whose every call is a flow run. Called within another flow it is a sub-flow of that run. */
export interface Flow<A extends readonly unknown[], R> {
  (...args: A): Promise<R>
  readonly name: string
  readonly options: FlowOptions
  /** Like a call, but answers the final state instead of throwing. */
  state(...args: A): Promise<State<R>>
  /** The same function under other options; those not named stay. */
  withOptions(options: Omit<FlowOptions, 'parameters'>): Flow<A, R>
  /** Makes the flow runnable from the control plane, by the workers of a work pool: creates or changes a deployment. */
  deploy(options: DeployOptions): Promise<Deployment>
  /**
   * Deploys it and runs it from this very process, each run in a child process, until a signal comes or `signal` aborts.
   * Then the deployment is paused and runs may finish.
   */
  serve(options: ServeOptions): Promise<void>
}

export function flow<S extends StandardSchemaV1, R>(
  options: FlowOptions & { readonly parameters: S },
  fn: (parameters: SchemaOutput<S>) => R,
): Flow<SchemaArguments<S>, Awaited<R>>
export function flow<A extends readonly unknown[], R>(
  options: FlowOptions,
  fn: (...args: A) => R,
): Flow<A, Awaited<R>>
export function flow<A extends readonly unknown[], R>(fn: (...args: A) => R): Flow<A, Awaited<R>>
export function flow(
  first: FlowOptions | ((...args: never[]) => unknown),
  second?: (...args: never[]) => unknown,
): Flow<readonly unknown[], unknown> {
  const fn = typeof first === 'function' ? first : second
  if (typeof fn !== 'function') throw new TypeError('flow(options, fn) needs a function')
  const options = typeof first === 'function' ? {} : first
  return defineFlow(options, fn as (...args: unknown[]) => unknown, placeOf(flow))
}

/** Where the caller of `callee` stands in its file. */
function placeOf(callee: (...args: never[]) => unknown): { readonly stack?: string } {
  const place = {}
  Error.captureStackTrace(place, callee)
  return place
}

interface FlowDefinition {
  readonly name: string
  readonly key: string
  readonly options: FlowOptions
  readonly fn: (...args: unknown[]) => unknown
  readonly parameterNames: readonly (string | null)[]
  /** Its stack begins where the flow was defined. Formatted only when asked for. */
  readonly place: { readonly stack?: string }
}

function defineFlow(
  options: FlowOptions,
  fn: (...args: unknown[]) => unknown,
  place: { readonly stack?: string },
): Flow<readonly unknown[], unknown> {
  const name = options.name ?? (fn.name || 'flow')
  checkOptions(`flow ${name}`, options)
  const source = fn.toString()
  const definition: FlowDefinition = {
    name,
    key: `${slug(name)}-${fingerprint(`${name}\n${source}`)}`,
    options,
    fn,
    parameterNames: parameterNames(source),
    place,
  }
  const state = (...args: unknown[]) => runFlow(definition, args)
  const call = (...args: unknown[]) => {
    const ending = state(...args)
    const result = ending.then((ended) => ended.result())
    // The flow around waits for it and the log has told of it: that nobody awaits it must not end the process.
    if (currentFrame()) result.catch(() => {})
    return result
  }
  const handle: FlowHandle = {
    parameterNames: definition.parameterNames,
    name,
    options,
    place,
    runWith: (parameters, claim) => {
      const args = arrange(definition, parameters)
      return runFlow(definition, args, claim ?? null)
    },
    stop: stopLiveRuns,
    settled: bodiesSettled,
    close: closeReporting,
  }
  const withOptions = (more: FlowOptions) => {
    const kept = options.parameters && { parameters: options.parameters }
    return defineFlow({ ...options, name, ...more, ...kept }, fn, placeOf(withOptions))
  }
  return Object.defineProperties(call, {
    name: { value: name },
    options: { value: options, enumerable: true },
    state: { value: state },
    withOptions: { value: withOptions },
    // Loaded when called: flows that are never deployed pay nothing for it.
    deploy: {
      value: async (given: DeployOptions) =>
        (await import('../deploy/deploy-flow.js')).deployFlow(handle, given),
    },
    serve: {
      value: async (given: ServeOptions) =>
        (await import('../worker/serve-flow.js')).serveFlow(handle, given),
    },
    [FLOW_HANDLE]: { value: handle },
  }) as unknown as Flow<readonly unknown[], unknown>
}

const arrange = (
  { name, options, parameterNames }: FlowDefinition,
  given: Readonly<Record<string, unknown>>,
) => arrangeParameters(`flow ${name}`, parameterNames, given, options.parameters !== undefined)

async function runFlow(
  definition: FlowDefinition,
  args: readonly unknown[],
  claim: ClaimedRun | null = null,
): Promise<State<unknown>> {
  const around = currentFrame()
  if (around?.scope.signal.aborted) return refused(around)
  if (definition.options.logPrints) recordPrints()
  const opened = reporting()
  const reporter = opened instanceof Promise ? await opened : opened
  const parent = around?.flowRun ?? null
  const ending = runReported(definition, args, around, parent, reporter, claim)
  // The parent must not end before its sub-flows have, awaited or not.
  parent?.pending.add(ending)
  const state = await ending.finally(() => parent?.pending.delete(ending))
  if (!around) void reporter.drain()
  return state
}

function refused({ scope }: RunFrame): State<unknown> {
  const outcome = { kind: 'cancelled', error: scope.signal.reason as unknown } as const
  const next = finalStateOf(outcome)
  return toState(next, reportedState(next).at, outcome)
}

async function runReported(
  definition: FlowDefinition,
  args: readonly unknown[],
  around: RunFrame | undefined,
  parent: FlowRun | null,
  reporter: Reporter,
  claim: ClaimedRun | null,
): Promise<State<unknown>> {
  const { name, key, options, parameterNames } = definition
  const standIn = parent && new TaskRun(parent, name, key, [], options.retries ?? 0)
  if (standIn) {
    standIn.inputs = traceInputs(standIn.flowRun, parameterNames, args, around?.taskRun?.id)
    standIn.enter({ type: 'PENDING', name: 'Pending' })
    standIn.leaveToServer()
  }
  // Checked first, so that the page shows what the flow gets: defaults filled in. What does not fit is shown as it came.
  const checked = await checkParameters(definition, args)
  const shown = checked.kind === 'completed' ? checked.value : args
  const named = nameArguments(parameterNames, shown, options.parameters !== undefined)
  const run = new FlowRun(reporter, {
    flowName: name,
    parameters: parametersToJson(named),
    tags: options.tags ?? [],
    version: options.version,
    retries: options.retries ?? 0,
    standIn,
    claim,
  })
  const scope = new CancelScope(around?.scope)
  const unguard = guardFlowRun(run, scope, reporter)
  const unwatch = reporter.watch(run.id, (reason) => scope.cancel(new RunCancelled(reason)))
  if (!parent && !isHosted())
    reporter.whenPageKnown(run.id, (url) => process.stderr.write(`rigel: flow run ${run.name} ${url}\n`))
  const outcome = await runAllAttempts(definition, checked, around, run, scope, reporter)
  unwatch()
  const next = finalStateOf(outcome)
  if (outcome.kind === 'cancelled' && outcome.error instanceof RunSuspended)
    run.log(LEVELS.info, `Flow ${name} is ${outcome.error.message}`)
  else run.tellEnd(next, next.message === undefined ? '' : failureStory(next, outcome))
  const { at } = run.enter(next)
  if (outcome.kind === 'completed') rememberMaker(outcome.value, standIn?.id ?? null)
  unguard()
  scope.close()
  return toState(next, at, outcome)
}

async function runAllAttempts(
  definition: FlowDefinition,
  checked: Outcome<readonly unknown[]>,
  around: RunFrame | undefined,
  run: FlowRun,
  scope: CancelScope,
  reporter: Reporter,
): Promise<Outcome<unknown>> {
  const { name, options, parameterNames } = definition
  if (checked.kind !== 'completed') return checked
  const args = checked.value
  rememberParameters(run, nameArguments(parameterNames, args, options.parameters !== undefined))
  const settle = async () => {
    while (run.pending.size > 0) await Promise.allSettled(run.pending)
  }
  return runAttempts({
    what: `flow ${name}`,
    options,
    scope,
    settle,
    onStart: (attempt) => {
      run.enter({ type: 'RUNNING', name: 'Running' })
      if (attempt > 1) return
      run.log(LEVELS.info, `Flow ${name} started as ${run.name}`)
      const { claim } = run.facts
      if (claim) return confirmStart(claim, scope, reporter)
    },
    onRetry: (retry, seconds, error) => {
      run.log(LEVELS.info, `${describeError(error)}. Retry ${retry} of ${options.retries} in ${seconds} s`)
      run.enter(awaitingRetry(seconds, error))
    },
    body: (attemptScope, attempt) => {
      const frame: RunFrame = {
        kind: 'flow',
        scope: attemptScope,
        flowRun: run,
        taskRun: null,
        runName: run.name,
        attempt,
        startedAt: new Date(),
        logPrints: options.logPrints ?? around?.logPrints ?? false,
      }
      // Within the attempt, so that its timeout holds for tasks that were submitted and not awaited too.
      return runInFrame(frame, async () => {
        const value = await definition.fn(...args)
        await settle()
        return value
      })
    },
  })
}

/**
 * A claimed run begins only when the control plane knows that it does. So one that it sees as not begun, when its holder falls
 * silent, has not begun anywhere, and may be given to another without being executed twice.
 */
async function confirmStart(claim: ClaimedRun, scope: CancelScope, reporter: Reporter): Promise<void> {
  if (await reporter.acknowledged(claim.confirmMs)) return
  claim.onUnconfirmed()
  const seconds = Math.round(claim.confirmMs / 1000)
  scope.cancel(new RunCancelled(`the control plane did not confirm within ${seconds} s that the run begins`))
}

async function checkParameters(
  { name, options }: FlowDefinition,
  args: readonly unknown[],
): Promise<Outcome<readonly unknown[]>> {
  if (!options.parameters) return { kind: 'completed', value: args }
  try {
    if (args.length > 1) throw new ParameterError(`flow ${name}`, ['it takes one object'])
    return {
      kind: 'completed',
      value: [await validateParameters(`flow ${name}`, options.parameters, args[0] ?? {})],
    }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
