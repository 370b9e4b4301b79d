import type { StateType } from '../protocol/frames.js'

/** Where a run ended, with what it gave or threw. */
export class State<T = unknown> {
  constructor(
    readonly type: StateType,
    readonly name: string,
    readonly message: string | undefined,
    /** When it entered the state; RFC 3339 with microseconds. */
    readonly at: string,
    private readonly outcome: { readonly value: T } | { readonly error: unknown },
  ) {}

  isCompleted(): boolean {
    return this.type === 'COMPLETED'
  }

  isFailed(): boolean {
    return this.type === 'FAILED'
  }

  isCrashed(): boolean {
    return this.type === 'CRASHED'
  }

  isCancelled(): boolean {
    return this.type === 'CANCELLED'
  }

  /** What the run returned. Throws what it threw. */
  result(): T {
    if ('error' in this.outcome) throw this.outcome.error
    return this.outcome.value
  }

  /** What the run threw; undefined when it completed. */
  get error(): unknown {
    return 'error' in this.outcome ? this.outcome.error : undefined
  }
}
