import { instantIn } from '../record/instant.js'
import { describeError, fingerprint, slug } from '../record/text.js'
import { runAttempts } from './attempts.js'
import { CancelScope } from './cancel-scope.js'
import { ParameterError } from './errors.js'
import { failureStory, finalStateOf, toState } from './final-state.js'
import type { FlowRun } from './flow-run.js'
import { recordPrints } from './log-prints.js'
import { checkOptions, type TaskOptions } from './options.js'
import { parameterNames, validateParameters } from './parameters.js'
import { LEVELS } from './print-log.js'
import { currentFrame, type RunFrame, runInFrame } from './run-frame.js'
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from './standard-schema.js'
import type { State } from './state.js'
import { TaskFuture } from './task-future.js'
import { awaitArguments, mustAwait, rememberMaker, traceInputs } from './task-inputs.js'
import { type NewState, reportedState, TaskRun } from './task-run.js'

/** An argument may be given as it is, as a promise, as a future, or (an array) with futures in it. */
export type Awaitable<T> =
  | T
  | PromiseLike<T>
  | (T extends readonly (infer Item)[] ? readonly (Item | TaskFuture<Item>)[] : never)
export type AwaitableArguments<A extends readonly unknown[]> = { [K in keyof A]: Awaitable<A[K]> }

/** A function whose every call within a flow is a task run of its own: retried, timed, logged, reported. */
export interface Task<A extends readonly unknown[], R> {
  (...args: AwaitableArguments<A>): Promise<R>
  readonly name: string
  readonly options: TaskOptions
  /** Starts it and answers at once; the future may be handed to other tasks. */
  submit(...args: AwaitableArguments<A>): TaskFuture<R>
  /** Like a call, but answers the final state instead of throwing. */
  state(...args: AwaitableArguments<A>): Promise<State<R>>
  /** Submits it once for each item, with the same further arguments. */
  map(items: Iterable<Awaitable<A[0]>>, ...rest: AwaitableArguments<Rest<A>>): TaskFuture<R>[]
  /** The same function under other options; those not named stay. */
  withOptions(options: Omit<TaskOptions, 'parameters'>): Task<A, R>
}
type Rest<A extends readonly unknown[]> = A extends readonly [unknown, ...infer More] ? More : []

/** Argument list for a schema: the one object, which may be left out when every key in it may be. */
export type SchemaArguments<S extends StandardSchemaV1> =
  Record<never, never> extends SchemaInput<S> ? [parameters?: SchemaInput<S>] : [parameters: SchemaInput<S>]

export function task<S extends StandardSchemaV1, R>(
  options: TaskOptions & { readonly parameters: S },
  fn: (parameters: SchemaOutput<S>) => R,
): Task<SchemaArguments<S>, Awaited<R>>
export function task<A extends readonly unknown[], R>(
  options: TaskOptions,
  fn: (...args: A) => R,
): Task<A, Awaited<R>>
export function task<A extends readonly unknown[], R>(fn: (...args: A) => R): Task<A, Awaited<R>>
export function task(
  first: TaskOptions | ((...args: never[]) => unknown),
  second?: (...args: never[]) => unknown,
): Task<readonly unknown[], unknown> {
  const fn = typeof first === 'function' ? first : second
  if (typeof fn !== 'function') throw new TypeError('task(options, fn) needs a function')
  return defineTask(typeof first === 'function' ? {} : first, fn as (...args: unknown[]) => unknown)
}

interface TaskDefinition {
  readonly name: string
  readonly key: string
  readonly options: TaskOptions
  readonly fn: (...args: unknown[]) => unknown
  readonly argumentNames: readonly (string | null)[]
}

function defineTask(
  options: TaskOptions,
  fn: (...args: unknown[]) => unknown,
): Task<readonly unknown[], unknown> {
  const name = options.name ?? (fn.name || 'task')
  checkOptions(`task ${name}`, options)
  const source = fn.toString()
  const key = `${slug(name)}-${fingerprint(`${name}\n${source}`)}`
  const definition: TaskDefinition = { name, key, options, fn, argumentNames: parameterNames(source) }
  const submit = (...args: unknown[]) => launch(definition, args)
  const call = (...args: unknown[]) => {
    const future = launch(definition, args)
    const result = future.result()
    rememberMaker(result, future.taskRunId)
    // The flow around waits for it and the log has told of it: that nobody awaits it must not end the process.
    if (future.taskRunId !== null) result.catch(() => {})
    return result
  }
  return Object.defineProperties(call, {
    name: { value: name },
    options: { value: options, enumerable: true },
    submit: { value: submit },
    state: { value: (...args: unknown[]) => submit(...args).state() },
    map: {
      value: (items: Iterable<unknown>, ...rest: unknown[]) =>
        Array.from(items, (item) => submit(item, ...rest)),
    },
    withOptions: {
      value: (more: TaskOptions) => defineTask({ ...options, name, ...more, ...keepParameters(options) }, fn),
    },
  }) as unknown as Task<readonly unknown[], unknown>
}

const keepParameters = ({ parameters }: TaskOptions): TaskOptions => (parameters ? { parameters } : {})

/** Starts one call: records that it exists, then runs it in this same turn unless it has to wait for arguments. */
function launch(definition: TaskDefinition, args: readonly unknown[]): TaskFuture<unknown> {
  const frame = currentFrame()
  const flowRun = frame?.flowRun ?? null
  if (frame?.scope.signal.aborted) return refusedFuture(frame)
  const { name, key, options, argumentNames } = definition
  if (options.logPrints) recordPrints()
  const run = flowRun && new TaskRun(flowRun, name, key, options.tags ?? [], options.retries ?? 0)
  if (run) {
    run.inputs = traceInputs(run.flowRun, argumentNames, args, frame?.taskRun?.id)
    run.enter({ type: 'PENDING', name: 'Pending' })
  }
  const ending = execute(definition, args, frame, flowRun, run)
  if (flowRun) {
    flowRun.pending.add(ending)
    // `ending` never rejects.
    void ending.then(() => flowRun.pending.delete(ending))
  }
  return new TaskFuture(run?.id ?? null, ending)
}

/** The flow around has timed out or was cancelled: nothing new begins there. */
function refusedFuture({ scope }: RunFrame): TaskFuture<unknown> {
  const outcome = { kind: 'cancelled', error: scope.signal.reason as unknown } as const
  const next = finalStateOf(outcome)
  return new TaskFuture(null, Promise.resolve(toState(next, reportedState(next).at, outcome)))
}

async function execute(
  definition: TaskDefinition,
  given: readonly unknown[],
  around: RunFrame | undefined,
  flowRun: FlowRun | null,
  run: TaskRun | null,
): Promise<State<unknown>> {
  const { name, options } = definition
  const scope = new CancelScope(around?.scope)
  const log = (level: number, message: string) => run?.log(level, message)
  const outcome = await prepareArguments(definition, given).then(
    (args) => {
      // What came out of a plain promise can be traced only now.
      if (run && args !== given) {
        const later = traceInputs(run.flowRun, definition.argumentNames, args, around?.taskRun?.id)
        run.inputs = mergeInputs(later, run.inputs)
      }
      return runAttempts({
        what: `task ${name}`,
        options,
        scope,
        onStart: (attempt) => {
          run?.enter({ type: 'RUNNING', name: attempt === 1 ? 'Running' : 'Retrying' })
        },
        onRetry: (retry, seconds, error) => {
          log(LEVELS.info, `${describeError(error)}. Retry ${retry} of ${options.retries} in ${seconds} s`)
          run?.enter(awaitingRetry(seconds, error))
        },
        body: (attemptScope, attempt) =>
          runInFrame(
            {
              kind: 'task',
              scope: attemptScope,
              flowRun,
              taskRun: run,
              runName: run?.name ?? name,
              attempt,
              startedAt: new Date(),
              logPrints: options.logPrints ?? around?.logPrints ?? false,
            },
            () => definition.fn(...args),
          ),
      })
    },
    (error: unknown) => ({ kind: 'failed', error }) as const,
  )
  scope.close()
  if (outcome.kind === 'completed') rememberMaker(outcome.value, run?.id ?? null)
  const next = finalStateOf(outcome)
  if (next.type === 'FAILED') log(LEVELS.error, failureStory(next, outcome))
  const at = run ? run.enter(next).at : reportedState(next).at
  return toState(next, at, outcome)
}

async function prepareArguments(
  { name, options }: TaskDefinition,
  given: readonly unknown[],
): Promise<readonly unknown[]> {
  const args = mustAwait(given) ? await awaitArguments(given) : given
  if (!options.parameters) return args
  if (args.length > 1) throw new ParameterError(`task ${name}`, ['it takes one object'])
  return [await validateParameters(`task ${name}`, options.parameters, args[0] ?? {})]
}

function mergeInputs(later: TaskRun['inputs'], earlier: TaskRun['inputs']): TaskRun['inputs'] {
  const isConstant = (list: TaskRun['inputs'][string] | undefined) => !list || list[0]?.type === 'constant'
  const merged: Record<string, TaskRun['inputs'][string]> = { ...later }
  for (const [name, list] of Object.entries(earlier)) if (!isConstant(list)) merged[name] = list
  return merged
}

export function awaitingRetry(seconds: number, error: unknown): NewState {
  return {
    type: 'SCHEDULED',
    name: 'AwaitingRetry',
    message: describeError(error),
    scheduledFor: instantIn(seconds),
  }
}
