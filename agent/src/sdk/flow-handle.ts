import type { State } from './state.js'

/** Under this symbol every flow carries what `rigel run` needs, whichever copy of the package made it. */
export const FLOW_HANDLE: unique symbol = Symbol.for('rigel.flow') as never
export interface FlowHandle {
  readonly parameterNames: readonly (string | null)[]
  /** Runs the flow with parameters given by name. Throws ParameterError for a name that it has not. */
  readonly runWith: (parameters: Readonly<Record<string, unknown>>) => Promise<State<unknown>>
  readonly close: (deadlineMs?: number) => Promise<void>
}
