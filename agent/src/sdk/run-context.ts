import type { Json } from '../protocol/frames.js'
import { NoRunContext } from './errors.js'
import { currentFrame } from './run-frame.js'
import { getRunLogger, type RunLogger } from './run-logger.js'

export interface RunContext {
  readonly kind: 'flow' | 'task'
  /** Null for a task that was called outside any flow. */
  readonly flowRun: {
    readonly id: string
    readonly name: string
    readonly flowName: string
    readonly parameters: { readonly [key: string]: Json }
    readonly tags: readonly string[]
  } | null
  /** Null in the body of a flow. */
  readonly taskRun: { readonly id: string; readonly name: string; readonly taskName: string } | null
  /** 1 at first, 2 at the first retry. */
  readonly attempt: number
  readonly startedAt: Date
  /** Aborts when this attempt times out or the run is cancelled. Hand it to `fetch` and the like. */
  readonly signal: AbortSignal
  readonly logger: RunLogger
}

/** The run that surrounds the call. Throws NoRunContext outside a run. */
export function runContext(): RunContext {
  const frame = currentFrame()
  if (!frame) throw new NoRunContext('runContext() was called outside a flow or task')
  const { kind, flowRun, taskRun, attempt, startedAt, scope } = frame
  return {
    kind,
    flowRun: flowRun && {
      id: flowRun.id,
      name: flowRun.name,
      flowName: flowRun.facts.flowName,
      parameters: flowRun.facts.parameters,
      tags: flowRun.facts.tags,
    },
    taskRun: taskRun && { id: taskRun.id, name: taskRun.name, taskName: taskRun.taskName },
    attempt,
    startedAt,
    signal: scope.signal,
    logger: getRunLogger(),
  }
}
