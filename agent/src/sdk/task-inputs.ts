import type { TaskInput } from '../protocol/frames.js'
import { UpstreamNotCompleted } from './errors.js'
import type { FlowRun } from './flow-run.js'
import { isPlainObject } from './parameters.js'
import { TaskFuture } from './task-future.js'
import type { TaskInputs } from './task-run.js'

/** Which task run made a value, or a promise of one. Only objects can be remembered; for the rest there is `submit()`. */
const makers = new WeakMap<object, string>()
/** Which parameter of which flow run a value came in by. */
const parameters = new WeakMap<object, { readonly flowRun: FlowRun; readonly name: string }>()

const MAX_DEPTH = 3
const MAX_VISITS = 1_000
const CONSTANT: readonly TaskInput[] = [{ type: 'constant' }]

export function rememberMaker(value: unknown, taskRunId: string | null): void {
  if (taskRunId && isObject(value)) makers.set(value, taskRunId)
}

export function rememberParameters(flowRun: FlowRun, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (isObject(value)) parameters.set(value, { flowRun, name })
}

/** Where each argument came from, looking a little way into arrays and plain objects. */
export function traceInputs(
  flowRun: FlowRun,
  names: readonly (string | null)[],
  args: readonly unknown[],
  parentTaskRunId: string | undefined,
): TaskInputs {
  const inputs: Record<string, readonly TaskInput[]> = {}
  args.forEach((value, i) => {
    const found = new Map<string, TaskInput>()
    trace(flowRun, value, found, 0, { left: MAX_VISITS })
    inputs[names[i] ?? `argument${i + 1}`] = found.size > 0 ? [...found.values()] : CONSTANT
  })
  if (parentTaskRunId) inputs.__parents__ = [{ type: 'task_run', id: parentTaskRunId }]
  return inputs
}

function trace(
  flowRun: FlowRun,
  value: unknown,
  found: Map<string, TaskInput>,
  depth: number,
  budget: { left: number },
): void {
  if (!isObject(value) || --budget.left < 0) return
  const id = value instanceof TaskFuture ? value.taskRunId : makers.get(value)
  if (id) {
    found.set(id, { type: 'task_run', id })
    return
  }
  const parameter = parameters.get(value)
  if (parameter?.flowRun === flowRun) {
    found.set(`parameter ${parameter.name}`, { type: 'parameter', name: parameter.name })
    return
  }
  if (depth >= MAX_DEPTH) return
  if (Array.isArray(value)) for (const item of value) trace(flowRun, item, found, depth + 1, budget)
  else if (isPlainObject(value)) {
    for (const item of Object.values(value)) trace(flowRun, item, found, depth + 1, budget)
  }
}

/** The arguments with every promise and future replaced by its result. Throws UpstreamNotCompleted. */
export async function awaitArguments(args: readonly unknown[]): Promise<unknown[]> {
  const values: unknown[] = []
  for (const value of args) values.push(await awaitValue(value, 0))
  return values
}

async function awaitValue(value: unknown, depth: number): Promise<unknown> {
  if (value instanceof TaskFuture) return awaitUpstream(value)
  if (value instanceof Promise) return value
  if (depth >= MAX_DEPTH || !holdsFuture(value, depth)) return value
  if (Array.isArray(value)) return Promise.all(value.map((item) => awaitValue(item, depth + 1)))
  const entries = Object.entries(value as Record<string, unknown>)
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, item]) => [key, await awaitValue(item, depth + 1)] as const)),
  )
}

async function awaitUpstream(future: TaskFuture<unknown>): Promise<unknown> {
  const state = await future.state()
  if (state.isCompleted()) return state.result()
  throw new UpstreamNotCompleted(`a task that this one needs ended ${state.name}`, { cause: state.error })
}

/** Whether there is a future to replace. Without one the very same object is handed on: a copy would lose its identity. */
function holdsFuture(value: unknown, depth: number): boolean {
  if (value instanceof TaskFuture) return true
  if (depth > MAX_DEPTH || !isObject(value)) return false
  if (Array.isArray(value)) return value.slice(0, MAX_VISITS).some((item) => holdsFuture(item, depth + 1))
  return isPlainObject(value) && Object.values(value).some((item) => holdsFuture(item, depth + 1))
}

/** Whether any argument must be awaited; if not, the task starts in this very turn. */
export const mustAwait = (args: readonly unknown[]): boolean =>
  args.some((value) => value instanceof Promise || holdsFuture(value, 0))

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
