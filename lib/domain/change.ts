import type { StateType } from './state.ts'

/**
 * What the live feed carries: facts after a commit, small enough to fold into a page.
 * Instants are RFC 3339 text in UTC; durations are seconds.
 */
export interface FlowRunChange {
  readonly kind: 'flow-run'
  readonly id: string
  readonly flowId: string
  readonly name: string
  readonly stateType: StateType
  readonly stateName: string
  readonly stateAt: string
  readonly stateMessage: string
  readonly expectedStartAt: string | null
  readonly startAt: string | null
  readonly endAt: string | null
  readonly totalRunTimeSeconds: number
  readonly runCount: number
  readonly tags: readonly string[]
  readonly deploymentId: string | null
  readonly parentTaskRunId: string | null
}

export interface TaskRunChange {
  readonly kind: 'task-run'
  readonly id: string
  readonly flowRunId: string | null
  readonly name: string
  readonly taskKey: string
  readonly stateId: string
  readonly stateType: StateType
  readonly stateName: string
  readonly stateAt: string
  readonly stateMessage: string
  readonly expectedStartAt: string | null
  readonly startAt: string | null
  readonly endAt: string | null
  readonly totalRunTimeSeconds: number
  readonly runCount: number
  readonly tags: readonly string[]
  /** Argument → where it came from, as on the wire (`input_type`, `id`). */
  readonly taskInputs: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>
}

export interface LogChange {
  readonly kind: 'log'
  readonly id: string
  readonly flowRunId: string | null
  readonly taskRunId: string | null
  /** The worker that wrote it, in lines about itself. */
  readonly workerId: string | null
  readonly logger: string
  readonly level: number
  readonly at: string
  readonly message: string
}

/** An object went away while pages may still show it. */
export interface DeletedChange {
  readonly kind: 'deleted'
  readonly noun: 'flow-run' | 'task-run' | 'flow'
  readonly id: string
  readonly by: string
}

/** Objects besides runs whose pages are live: what changed is read anew, since such changes are rare and small. */
export const liveNouns = [
  'deployment',
  'work-pool',
  'work-queue',
  'worker',
  'concurrency-limit',
  'variable',
  'block-document',
  'artifact',
  'automation',
] as const
export type LiveNoun = (typeof liveNouns)[number]

/** An object was made, changed or deleted. */
export interface ObjectChange {
  readonly kind: 'object'
  readonly noun: LiveNoun
  readonly id: string
  readonly happened: 'created' | 'updated' | 'deleted'
  /** Who did it, where that is known. */
  readonly by?: string
  /** The run that made it, whose page shows it: of artifacts. */
  readonly flowRunId?: string
}

export type Change = FlowRunChange | TaskRunChange | LogChange | DeletedChange | ObjectChange

/**
 * One message of a tab's event stream (`GET {workspace}/live?cursor=C&topic=T`, server-sent events; `id:` is the cursor).
 * `gap`: the feed cannot continue from the cursor that was asked for; refetch the page once, then go on from `cursor`.
 */
export type LiveMessage =
  | { readonly type: 'changes'; readonly cursor: string; readonly changes: readonly Change[] }
  | { readonly type: 'gap'; readonly cursor: string }

/**
 * `runs`: every flow run of the workspace. `flow-run:{id}`: that run, its task runs, log lines and artifacts.
 * `objects:{noun},{noun}…`: objects of these kinds; `runs` and `flow-run:{id}` may stand among them.
 */
export type LiveTopic = 'runs' | `flow-run:${string}` | `objects:${string}`
