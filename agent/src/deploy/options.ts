import type { Schedule } from './schedules.js'

/** What becomes of a run whose worker was lost: it ends Crashed, or it is handed to another worker from the start. */
export type OnLost = 'crash' | 'reschedule'

interface CommonOptions {
  /** Names the deployment within its flow; deploying again under the same name changes it. */
  readonly name: string
  readonly schedules?: readonly Schedule[]
  /** What runs get unless they are given others. The control plane checks them by the flow's schema. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Whether the control plane refuses runs whose parameters do not fit the flow's schema. Default: when the flow has one. */
  readonly enforceParameters?: boolean
  readonly tags?: readonly string[]
  readonly description?: string
  /** Default: the flow's version. */
  readonly version?: string
  /** Runs of this deployment at one time, over all workers; with `CANCEL_NEW`, further ones are cancelled instead of waiting. */
  readonly concurrencyLimit?:
    | number
    | { readonly limit: number; readonly collision: 'ENQUEUE' | 'CANCEL_NEW' }
  /** Default crash. */
  readonly onLost?: OnLost
  /** `path/to/file.ts:export`, from `path`. Default: the file in which the flow is defined. */
  readonly entrypoint?: string
  /** The folder in which runs start. Default: the current one. */
  readonly path?: string
}

export interface DeployOptions extends CommonOptions {
  readonly workPool: string
  readonly workQueue?: string
  /** `env`, `working_dir` and what else the work pool's template names. */
  readonly jobVariables?: Readonly<Record<string, unknown>>
  /** Without schedule until resumed. Default: as it is, and a new one is not paused. */
  readonly paused?: boolean
}

export interface ServeOptions extends CommonOptions {
  /** Runs at one time in this process' care. Default 10. */
  readonly limit?: number
  /** Seconds that runs may take to finish when serving ends; then they are stopped. Default 30. */
  readonly drainSeconds?: number
  /** Whether the deployment is paused when serving ends, so that no runs pile up. Default true. */
  readonly pauseOnShutdown?: boolean
  /** Ends serving, as a signal does. */
  readonly signal?: AbortSignal
}

export interface Deployment {
  readonly id: string
  /** `flow/deployment` */
  readonly fullName: string
  /** Where the console shows it. */
  readonly url: string
}
