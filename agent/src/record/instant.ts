const DRIFT_MS = 50
let anchorWallMs = Date.now()
let anchorTickMs = performance.now()
let lastMicros = 0
/** How far this machine's clock is behind the control plane's, as far as we know. */
let behindMicros = 0

/**
 * From now on instants lie after this one, which the control plane gave. A run that is claimed has states from two clocks,
 * and a state that seems older than the present one would be taken for a repetition.
 */
export function alignClock(notBefore: string): void {
  const notBeforeMs = Date.parse(notBefore)
  if (Number.isNaN(notBeforeMs)) return
  lastMicros = Math.max(lastMicros, (notBeforeMs + 1) * 1000)
  const behindMs = notBeforeMs - Date.now()
  if (behindMs > 0) behindMicros = Math.max(behindMicros, Math.ceil(behindMs + 1) * 1000)
}

/**
 * The present instant as RFC 3339 in UTC with microseconds.
 *
 * Strictly increasing within one process, because the server lets the latest `state.at` decide: two states of
 * one run that fall into the same microsecond must still have an order.
 */
export function presentInstant(): string {
  const wallMs = Date.now()
  let ms = anchorWallMs + (performance.now() - anchorTickMs)
  // The monotonic clock knows nothing of clock corrections; when the two part, the wall clock is right.
  if (Math.abs(ms - wallMs) > DRIFT_MS) {
    anchorWallMs = wallMs
    anchorTickMs = performance.now()
    ms = wallMs
  }
  lastMicros = Math.max(Math.floor(ms * 1000) + behindMicros, lastMicros + 1)
  return formatMicros(lastMicros)
}

/** The instant that lies `seconds` after now, in the same form. Does not take part in the strict order. */
export function instantIn(seconds: number): string {
  return formatMicros(Math.floor((Date.now() + seconds * 1000) * 1000) + behindMicros)
}

function formatMicros(micros: number): string {
  const wholeMs = Math.floor(micros / 1000)
  const rest = String(micros - wholeMs * 1000).padStart(3, '0')
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${rest}Z`
}
