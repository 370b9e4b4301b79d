import type { StandardSchemaV1 } from './standard-schema.js'

/** Seconds before a retry: one number, one for each retry (the last repeats), or a function of the retry's number (1 is the first). */
export type RetryDelay = number | readonly number[] | ((retry: number) => number)

export interface RunOptions {
  /** Shown name; the function's own name when absent. */
  readonly name?: string
  /** Any Standard Schema (zod, valibot, arktype …) for the single argument. */
  readonly parameters?: StandardSchemaV1
  /** How often to try again after a failure. Default 0. */
  readonly retries?: number
  /** Default 0 seconds. */
  readonly retryDelay?: RetryDelay
  /** Seconds that one attempt may take. Its `runContext().signal` aborts, the state is FAILED named TimedOut. Default: no limit. */
  readonly timeoutSeconds?: number
  readonly tags?: readonly string[]
  /** Record what is printed with `console` as log lines too. Default false. */
  readonly logPrints?: boolean
}

export type TaskOptions = RunOptions
export interface FlowOptions extends RunOptions {
  /** Any text that tells one version of the flow from another. */
  readonly version?: string
}

/** Throws RangeError or TypeError for options that cannot be meant. Called at the definition, not in the middle of a run. */
export function checkOptions(what: string, { retries, timeoutSeconds, retryDelay, tags }: RunOptions): void {
  if (retries !== undefined && !(Number.isSafeInteger(retries) && retries >= 0)) {
    throw new RangeError(`${what}: retries must be 0 or a positive whole number, not ${retries}`)
  }
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0)) {
    throw new RangeError(`${what}: timeoutSeconds must be greater than 0, not ${timeoutSeconds}`)
  }
  const delays = typeof retryDelay === 'function' ? [] : [retryDelay ?? 0].flat()
  if (delays.some((seconds) => !(seconds >= 0))) {
    throw new RangeError(`${what}: retryDelay must be 0 or more seconds`)
  }
  if (tags?.some((tag) => typeof tag !== 'string')) throw new TypeError(`${what}: tags must be strings`)
}

/** Seconds to wait before retry number `retry` (1 is the first). */
export function delayBefore(retry: number, retryDelay: RetryDelay = 0): number {
  if (typeof retryDelay === 'number') return retryDelay
  if (typeof retryDelay === 'function') return Math.max(0, Number(retryDelay(retry)) || 0)
  return retryDelay[retry - 1] ?? retryDelay.at(-1) ?? 0
}
