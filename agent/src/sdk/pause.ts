import type { SchemaOutput, StandardSchemaV1 } from './standard-schema.js'

export interface PauseOptions {
  /** Seconds after which the run fails unless somebody has resumed it. Default 300; of a suspended run 3,600. */
  readonly timeoutSeconds?: number
  /**
   * Tells the pauses of a run apart: one that the run has been through is passed when the run is executed again. Lower-case letters,
   * digits and dashes. Default: which pause of the run it is, `1` for the first.
   */
  readonly key?: string
  /** What whoever resumes it is asked for: any Standard Schema. Those that say no JSON schema take any object. */
  readonly input?: StandardSchemaV1
  /** Shown above the form, as Markdown. */
  readonly description?: string
  /** Seconds between two looks at whether it goes on. Default 5. */
  readonly pollSeconds?: number
}

type WithInput<S extends StandardSchemaV1> = PauseOptions & { readonly input: S }

// Loaded when called: flows that never pause pay nothing for it.
const pausing = () => import('./pausing.js')

/**
 * Pauses the surrounding flow run in its process until somebody resumes it, and answers the input that was asked for.
 * Needs the control plane. Throws PauseEnded when the run ends instead, or may not pause.
 */
export function pauseFlowRun<S extends StandardSchemaV1>(options: WithInput<S>): Promise<SchemaOutput<S>>
export function pauseFlowRun(options?: PauseOptions): Promise<void>
export async function pauseFlowRun(options: PauseOptions = {}): Promise<unknown> {
  return (await pausing()).pause(options)
}

/**
 * Ends the process of the surrounding flow run; when somebody resumes the run a worker executes it again from its beginning, and
 * then this answers the input that was asked for. Only for runs of a deployment. Throws PauseEnded when the run may not be suspended.
 */
export function suspendFlowRun<S extends StandardSchemaV1>(options: WithInput<S>): Promise<SchemaOutput<S>>
export function suspendFlowRun(options?: PauseOptions): Promise<void>
export async function suspendFlowRun(options: PauseOptions = {}): Promise<unknown> {
  return (await pausing()).suspend(options)
}
