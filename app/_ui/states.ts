import type { StateType } from '#lib/domain/state.ts'

/** A family is a colour: five tokens in tokens.css (`mk`, `fg`, `tint`, `edge`, `on`). */
export const families = ['wait', 'stop', 'hold', 'late', 'live', 'good', 'fail', 'crash'] as const
export type Family = (typeof families)[number]

export type Glyph =
  | 'clock'
  | 'clock-alert'
  | 'timer-reset'
  | 'circle-dashed'
  | 'running'
  | 'refresh'
  | 'circle-pause'
  | 'moon'
  | 'circle-stop'
  | 'circle-check'
  | 'copy-check'
  | 'skip-forward'
  | 'undo'
  | 'failed'
  | 'timer-off'
  | 'crashed'
  | 'ban'
  | 'alert'
  | 'blocked'
  | 'gauge'
  | 'offline'

export interface Look {
  readonly family: Family
  readonly glyph: Glyph
  /** Quiet words are secondary ink at 400: nothing here asks for a look. */
  readonly quiet?: true
}

interface TypeLook extends Look {
  readonly named?: Readonly<Record<string, Look>>
}

/** Keys of `named` are state names as sent, without spaces and in lower case. */
export const stateTable = {
  SCHEDULED: {
    family: 'wait',
    glyph: 'clock',
    quiet: true,
    named: {
      late: { family: 'late', glyph: 'clock-alert' },
      awaitingretry: { family: 'late', glyph: 'timer-reset' },
    },
  },
  PENDING: { family: 'wait', glyph: 'circle-dashed', quiet: true },
  RUNNING: {
    family: 'live',
    glyph: 'running',
    named: { retrying: { family: 'live', glyph: 'refresh' } },
  },
  PAUSED: {
    family: 'hold',
    glyph: 'circle-pause',
    named: { suspended: { family: 'hold', glyph: 'moon' } },
  },
  CANCELLING: { family: 'stop', glyph: 'circle-stop' },
  COMPLETED: {
    family: 'good',
    glyph: 'circle-check',
    quiet: true,
    named: {
      cached: { family: 'good', glyph: 'copy-check', quiet: true },
      skipped: { family: 'wait', glyph: 'skip-forward', quiet: true },
      rolledback: { family: 'stop', glyph: 'undo', quiet: true },
    },
  },
  FAILED: {
    family: 'fail',
    glyph: 'failed',
    named: { timedout: { family: 'fail', glyph: 'timer-off' } },
  },
  CRASHED: { family: 'crash', glyph: 'crashed' },
  CANCELLED: { family: 'stop', glyph: 'ban', quiet: true },
} as const satisfies Record<StateType, TypeLook>

export interface ShownState extends Look {
  readonly word: string
}

/** The state's own name as sent, in sentence case with spaces: `AwaitingRetry` → `Awaiting retry`. */
export function stateWord(name: string): string {
  const spaced = name
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/\s+/g, ' ')
    .trim()
  const word = /^[A-Z ]+$/.test(spaced)
    ? spaced.toLowerCase()
    : spaced.replace(/ [A-Z](?=[a-z])/g, (s) => s.toLowerCase())
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** An unknown name takes its type's family and icon, so a client's own states are shown as it named them. */
export function showState(type: StateType, name: string): ShownState {
  const entry: TypeLook = stateTable[type]
  const { family, glyph, quiet } = entry.named?.[name.replace(/[\s_-]/g, '').toLowerCase()] ?? entry
  return { family, glyph, word: stateWord(name) || stateWord(type), ...(quiet ? { quiet } : {}) }
}

export const lateAfterSeconds = 15

/** Scheduled, and its time passed by over 15 s: shown as Late though no service has said so yet. */
export function isLate(
  run: { readonly stateType: StateType; readonly stateName: string; readonly expectedStartAt: string | null },
  nowMs: number,
): boolean {
  if (run.stateType !== 'SCHEDULED') return false
  if (run.stateName === 'Late') return true
  if (run.stateName !== 'Scheduled' || run.expectedStartAt === null) return false
  return nowMs - Date.parse(run.expectedStartAt) > lateAfterSeconds * 1000
}
