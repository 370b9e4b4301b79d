import type { ConcurrencyOptions, VersionInfo } from '../../db/rows/deployment.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ScheduleInput } from '../schedules/schedule-input.ts'

/** What may be said of a deployment. Absent members are left as they are (or get their defaults); null is a value. */
export interface DeploymentChanges {
  readonly version?: string | null
  readonly versionInfo?: VersionInfo | null
  readonly description?: string | null
  readonly paused?: boolean
  readonly disabled?: boolean
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, unknown>>
  readonly parameters?: RawJson
  readonly parameterSchema?: RawJson | null
  readonly enforceParameterSchema?: boolean
  readonly entrypoint?: string | null
  readonly path?: string | null
  readonly manifestPath?: string | null
  readonly pullSteps?: RawJson | null
  readonly storageDocumentId?: string | null
  readonly infrastructureDocumentId?: string | null
  readonly jobVariables?: RawJson
  readonly workPoolName?: string | null
  readonly workQueueName?: string | null
  /** Of the deployment's own limit; null: without one. */
  readonly concurrencyLimit?: number | null
  /** A limit that is shared; null: without one. */
  readonly globalConcurrencyLimitId?: string | null
  readonly concurrencyOptions?: ConcurrencyOptions | null
  readonly branch?: string | null
  readonly base?: string | null
  readonly root?: string | null
  readonly schedules?: readonly ScheduleInput[]
}

export interface NewDeployment extends DeploymentChanges {
  readonly flowId: string
  readonly name: string
}
