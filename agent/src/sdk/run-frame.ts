import { AsyncLocalStorage } from 'node:async_hooks'
import type { CancelScope } from './cancel-scope.js'
import type { FlowRun } from './flow-run.js'
import type { TaskRun } from './task-run.js'

/** What surrounds the code of one attempt of one run. */
export interface RunFrame {
  readonly kind: 'flow' | 'task'
  readonly scope: CancelScope
  /** Null for a task that was called outside any flow; it runs, but there is nothing to report it under. */
  readonly flowRun: FlowRun | null
  readonly taskRun: TaskRun | null
  readonly runName: string
  readonly attempt: number
  readonly startedAt: Date
  readonly logPrints: boolean
}

const storage = new AsyncLocalStorage<RunFrame>()

export const currentFrame = (): RunFrame | undefined => storage.getStore()
export const runInFrame = <R>(frame: RunFrame, body: () => R): R => storage.run(frame, body)
