/** What the user did cannot be done: what was asked, what stood in the way, and the command to try next. */
export class CliError extends Error {
  override readonly name = 'CliError'
  constructor(
    message: string,
    readonly tryNext?: string,
    /** 1: it failed. 2: it was called wrongly. */
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message)
  }
}

export const usageError = (message: string, tryNext?: string): CliError => new CliError(message, tryNext, 2)
