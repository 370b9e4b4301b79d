/** How long a process is given at each step. */
export interface Patience {
  /** After it was asked. */
  readonly askSeconds: number
  /** After SIGTERM. */
  readonly termSeconds: number
}

export interface Step {
  readonly what: 'asked to stop' | 'SIGTERM' | 'SIGKILL'
  readonly at: Date
}

export interface Rungs {
  readonly ask: () => void
  readonly signal: (signal: 'SIGTERM' | 'SIGKILL') => void
}

/** Asks a process to stop, then tells it, then makes it; each step is kept with its time. Give it back with `end`. */
export class Ladder {
  readonly steps: Step[] = []
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly rungs: Rungs,
    patience: Patience,
  ) {
    this.take('asked to stop', rungs.ask)
    this.after(patience.askSeconds, () => {
      this.take('SIGTERM', () => rungs.signal('SIGTERM'))
      this.after(patience.termSeconds, () => this.kill())
    })
  }

  /** No more patience. */
  kill(): void {
    clearTimeout(this.timer)
    this.take('SIGKILL', () => this.rungs.signal('SIGKILL'))
  }

  private after(seconds: number, next: () => void): void {
    this.timer = setTimeout(next, seconds * 1000)
  }

  private take(what: Step['what'], act: () => void): void {
    this.steps.push({ what, at: new Date() })
    act()
  }

  end(): void {
    clearTimeout(this.timer)
  }
}

/** `asked to stop at 2026-08-21T12:00:01.250Z, SIGTERM at …, gone at … (killed by SIGTERM)` */
export function receiptOf(
  steps: readonly Step[],
  ended: { readonly at: Date; readonly how: string },
): string {
  const asked = steps.length === 0 ? ['asked to stop by the control plane itself'] : []
  const parts = [...asked, ...steps.map(({ what, at }) => `${what} at ${at.toISOString()}`)]
  return [...parts, `gone at ${ended.at.toISOString()} (${ended.how})`].join(', ')
}
