import type { State } from './state.js'

/**
 * A task that was started and whose result may be awaited later, or handed to other tasks as it is: they wait for
 * it, and the run graph shows the dependency, for numbers and texts too.
 */
export class TaskFuture<R> implements PromiseLike<R> {
  constructor(
    /** Null when the task was called outside any flow. */
    readonly taskRunId: string | null,
    private readonly ending: Promise<State<R>>,
  ) {}

  /** Waits and answers the result. Throws what the task threw. */
  async result(): Promise<R> {
    return (await this.ending).result()
  }

  /** Waits and answers the final state. Never throws. */
  state(): Promise<State<R>> {
    return this.ending
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaitable is the point
  then<A = R, B = never>(
    onResult?: ((value: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result().then(onResult, onError)
  }

  catch<B>(onError: (error: unknown) => B | PromiseLike<B>): Promise<R | B> {
    return this.result().catch(onError)
  }

  finally(onEnd: () => void): Promise<R> {
    return this.result().finally(onEnd)
  }
}
