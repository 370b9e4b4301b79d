import type { OnLost } from '../deploy/options.js'
import type { StateType } from '../protocol/frames.js'

/** What a hosting process and the child that executes one run say to each other. */

/** One claimed run, and how to execute it. */
export interface Job {
  readonly flowRunId: string
  readonly name: string
  readonly token: string | null
  /** The time of the claim's state, by the control plane's clock. */
  readonly claimedAt: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** `file:flow`, from `directory`. */
  readonly entrypoint: string
  readonly directory: string
  /** How the host calls itself. */
  readonly host: string
  readonly onLost: OnLost
}

export type HostMessage =
  /** `confirmMs`: how long the control plane has to confirm that the run begins. */
  | { readonly type: 'run'; readonly job: Job; readonly confirmMs: number }
  /** The run is to stop: its signal aborts, and its functions may tidy up. */
  | { readonly type: 'stop'; readonly reason: string }

export type ChildMessage =
  | { readonly type: 'ready' }
  | {
      readonly type: 'ended'
      readonly state: { readonly type: StateType; readonly name: string; readonly message: string }
      /** Whether the child has recorded the state; otherwise it is left to the host. */
      readonly isRecorded: boolean
      /** It stopped before it began, because the control plane did not confirm that it may. */
      readonly isUnconfirmed: boolean
    }
