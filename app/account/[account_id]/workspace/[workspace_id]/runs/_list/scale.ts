/** Scales and ticks of the scatter: pure, so that server and browser draw the same. */
export interface TimeTick {
  readonly ms: number
  /** True for the first tick, and the first of a day: it names the day. */
  readonly withDay: boolean
}

const durationTicks = [1, 10, 60, 600, 3600, 36_000, 360_000] as const
const durationWords = ['1s', '10s', '1m', '10m', '1h', '10h', '4d'] as const

export interface DurationAxis {
  readonly maxSeconds: number
  readonly ticks: readonly { readonly seconds: number; readonly word: string }[]
}

/** A log axis from 1 s to at least an hour: five ticks at most. */
export function durationAxis(longestSeconds: number): DurationAxis {
  const top = Math.max(
    4,
    durationTicks.findIndex((tick) => tick >= longestSeconds),
  )
  const last = durationTicks.some((tick) => tick >= longestSeconds) ? top : durationTicks.length - 1
  const all = durationTicks
    .slice(0, last + 1)
    .map((seconds, i) => ({ seconds, word: durationWords[i] ?? '' }))
  const ticks = all.length <= 5 ? all : all.filter((_, i) => (all.length - 1 - i) % 2 === 0)
  return { maxSeconds: durationTicks[last] ?? 3600, ticks }
}

/** 0 at 1 s and below, 1 at the top. */
export const durationShare = (seconds: number, axis: DurationAxis): number =>
  Math.min(1, Math.log(Math.max(1, seconds)) / Math.log(axis.maxSeconds))

/** Five instants across a stretch, both ends included. */
export function timeTicks(fromMs: number, toMs: number): readonly number[] {
  return [0, 1, 2, 3, 4].map((n) => fromMs + ((toMs - fromMs) * n) / 4)
}

/** `14:32`, with the day where it differs from the tick before; the day alone when ticks are days apart. */
export function tickWords(
  ticks: readonly number[],
  parts: (ms: number) => {
    readonly day: string
    readonly month: string
    readonly hour: string
    readonly minute: string
  },
): readonly string[] {
  const daysApart = ((ticks[1] ?? 0) - (ticks[0] ?? 0)) / 86_400_000
  return ticks.map((ms, index) => {
    const at = parts(ms)
    const before = index === 0 ? null : parts(ticks[index - 1] ?? ms)
    const day = `${at.day} ${at.month}`
    if (daysApart >= 1) return day
    const clock = `${at.hour}:${at.minute}`
    return before && before.day === at.day && before.month === at.month ? clock : `${day} ${clock}`
  })
}
