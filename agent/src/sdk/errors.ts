/** The parameters do not fit the schema. `issues` holds one sentence each. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
  constructor(
    readonly runName: string,
    readonly issues: readonly string[],
  ) {
    super(`the parameters of ${runName} do not fit: ${issues.join('; ')}`)
  }
}

/** A run took longer than its `timeoutSeconds`. */
export class RunTimedOut extends Error {
  override readonly name = 'RunTimedOut'
  constructor(
    what: string,
    readonly timeoutSeconds: number,
  ) {
    super(`${what} exceeded its timeout of ${timeoutSeconds} s`)
  }
}

/** A run was told to stop: by a person, by a signal, or because the run around it ended. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled'
}

/** A run was suspended: its process ends, and a worker executes it again when somebody resumes it. */
export class RunSuspended extends RunCancelled {}

/** A run may not pause, or ended while it was paused. The message says why. */
export class PauseEnded extends Error {
  override readonly name = 'PauseEnded'
}

/** A task was not started, because a task whose result it needs did not complete. */
export class UpstreamNotCompleted extends Error {
  override readonly name = 'UpstreamNotCompleted'
}

/** `runContext()` or `getRunLogger()` was called outside a run. */
export class NoRunContext extends Error {
  override readonly name = 'NoRunContext'
}
