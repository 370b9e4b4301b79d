/** The time axis of a timeline: a stretch and at most five ticks. Seconds from the run's start. */
const steps = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 600,
  900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
  31_536_000,
] as const

export interface Axis {
  readonly spanSeconds: number
  readonly ticks: readonly number[]
}

/** Ends exactly where what it shows ends. */
export function endedAxis(seconds: number): Axis {
  const spanSeconds = Math.max(0.001, seconds)
  return { spanSeconds, ticks: ticksFor(spanSeconds) }
}

/** Leaves room to grow, so that a running bar moves within a scale that stands still for a while. */
export function growingAxis(seconds: number): Axis {
  const wanted = Math.max(5, seconds * 1.08)
  const step = steps.find((each) => wanted / each <= 20) ?? wanted
  const spanSeconds = Math.ceil(wanted / step) * step
  return { spanSeconds, ticks: ticksFor(spanSeconds) }
}

function ticksFor(spanSeconds: number): readonly number[] {
  const step = steps.find((each) => spanSeconds / each < 5) ?? spanSeconds
  const ticks: number[] = []
  // A tick at the very end would stand on the durations.
  for (let n = 0; n * step <= spanSeconds * 0.98; n++) ticks.push(n * step)
  return ticks
}
