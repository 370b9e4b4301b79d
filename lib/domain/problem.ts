/** The one family of errors that a verb may throw; the API maps a code to a status in one place. */
export const problemCodes = [
  'bad-input',
  'not-allowed',
  'not-found',
  'conflict',
  'gone',
  'too-large',
  'too-many',
  'locked',
  'unavailable',
] as const
export type ProblemCode = (typeof problemCodes)[number]

export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    /** What was asked, what stood in the way, what to do next. Shown to the user. */
    message: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = new.target.name
  }
}

export class NotFound extends Problem {
  constructor(noun: string) {
    super('not-found', `${noun} not found`)
  }
}

export class NotAllowed extends Problem {
  constructor(needed: string, role: string) {
    super(
      'not-allowed',
      `This needs the permission ${needed}, which the role ${role} does not have. An owner of the workspace can give it.`,
      { needed, role },
    )
  }
}

export class BadInput extends Problem {
  constructor(message: string, facts?: Readonly<Record<string, unknown>>) {
    super('bad-input', message, facts)
  }
}

export class Conflict extends Problem {
  constructor(message: string) {
    super('conflict', message)
  }
}

/** The write path is full or the database is away: nothing was written, and the same request may be sent again. */
export class Unavailable extends Problem {
  constructor(
    message: string,
    readonly retryAfterSeconds = 1,
    options?: ErrorOptions,
  ) {
    super('unavailable', message, {}, options)
  }
}
