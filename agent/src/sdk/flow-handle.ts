import type { ClaimedRun } from './flow-run.js'
import type { FlowOptions } from './options.js'
import type { State } from './state.js'

/** Under this symbol every flow carries what the command line and workers need, whichever copy of the package made it. */
export const FLOW_HANDLE: unique symbol = Symbol.for('rigel.flow') as never
export interface FlowHandle {
  readonly name: string
  readonly options: FlowOptions
  readonly parameterNames: readonly (string | null)[]
  /** Its stack begins where the flow was defined. */
  readonly place: { readonly stack?: string }
  /**
   * Runs the flow with parameters given by name, as a new run or as one that was claimed.
   * Throws ParameterError for a name that it has not.
   */
  readonly runWith: (
    parameters: Readonly<Record<string, unknown>>,
    claim?: ClaimedRun,
  ) => Promise<State<unknown>>
  /** Tells every run of this process to stop. */
  readonly stop: (reason: string) => void
  /** Resolves when no function of a flow or task is running any more. */
  readonly settled: () => Promise<void>
  readonly close: (deadlineMs?: number) => Promise<void>
}
