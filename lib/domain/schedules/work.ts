/**
 * Enumerating is bounded: a rule can be written in a few letters that a machine would search for hours
 * (`FREQ=SECONDLY` minus every second). Each candidate looked at is a step, and whoever asks says how many steps an answer may cost.
 */
export class Work {
  #left: number

  constructor(readonly maxSteps: number) {
    this.#left = maxSteps
  }

  /** Throws OutOfSteps when there are none left. */
  spend(steps = 1): void {
    this.#left -= steps
    if (this.#left < 0) throw new OutOfSteps(this.maxSteps)
  }

  /** An answer was found: the next one may cost as much again. */
  renew(): void {
    this.#left = this.maxSteps
  }
}

/** Caught where times are handed out, and told as the reason why they end. */
export class OutOfSteps extends Error {
  constructor(maxSteps: number) {
    super(`No further time was found after looking at ${maxSteps.toLocaleString('en-US')} candidates.`)
    this.name = 'OutOfSteps'
  }
}

/** A text that is no schedule: says what was read, what stands in the way and what would do. */
export class BadSchedule extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message)
    this.name = 'BadSchedule'
  }
}
