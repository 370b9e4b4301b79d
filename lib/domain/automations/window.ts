import type { Relevance } from './match-event.ts'
import type { EventTrigger, Posture } from './trigger.ts'

/** An event, by the two things that find it in its table. */
export interface EventPlace {
  readonly id: string
  readonly at: string
}

/** A stretch of time in which the events of one trigger and one key are counted. By the events' time, not by their arrival. */
export interface Window {
  readonly startMicros: number
  /** Exclusive. */
  readonly endMicros: number
  readonly count: number
  readonly last: EventPlace | null
}

export interface Step {
  /** null: there is none (any more). */
  readonly window: Window | null
  /** Whether the trigger fires, and what event made it; null where none was ever seen. */
  readonly fires: false | { readonly on: EventPlace | null }
}

/** Events that come late still count when they happened this long before the one that opened the window. */
const LOOK_BACK_MICROS = 15 * 60 * 1e6

const still = (window: Window | null): Step => ({ window, fires: false })
const spanOf = (trigger: EventTrigger): number => trigger.within * 1e6

/** A window of a trigger that watches from the start, or from now on. */
export const freshWindow = (trigger: EventTrigger, atMicros: number, last: EventPlace | null): Window => ({
  startMicros: atMicros,
  endMicros: atMicros + spanOf(trigger),
  count: 0,
  last,
})

/** What happened in a window may still be on its way when that ends: it is closed this much later. */
const GRACE_MICROS = { Reactive: 60 * 1e6, Proactive: 2 * 1e6 } as const satisfies Record<Posture, number>

export const closesAt = ({ posture }: EventTrigger, { endMicros }: Window): number =>
  endMicros + GRACE_MICROS[posture]

/** What an event does to the window of its key. */
export function countEvent(
  trigger: EventTrigger,
  window: Window | null,
  relevance: Relevance,
  atMicros: number,
  place: EventPlace,
): Step {
  return trigger.posture === 'Reactive'
    ? react(trigger, window, relevance, atMicros, place)
    : expectOn(trigger, window, relevance, atMicros, place)
}

function react(
  trigger: EventTrigger,
  found: Window | null,
  { isExpected, opens }: Relevance,
  at: number,
  place: EventPlace,
): Step {
  // Every event by itself.
  if (trigger.within === 0) return { window: null, fires: isExpected && { on: place } }
  let window = found !== null && at >= found.endMicros ? null : found
  if (window !== null && at < window.startMicros) return still(window)
  if (trigger.after.length > 0) {
    // An event that opens and counts as well opens only: it is not its own consequence.
    if (window === null) return still(opens ? freshWindow(trigger, at, place) : null)
  } else {
    window ??= { ...freshWindow(trigger, at, null), startMicros: at - LOOK_BACK_MICROS }
  }
  if (!isExpected) return still(window)
  const counted = { ...window, count: window.count + 1, last: place }
  return counted.count >= trigger.threshold ? { window: null, fires: { on: place } } : still(counted)
}

function expectOn(
  trigger: EventTrigger,
  found: Window | null,
  { isExpected, opens }: Relevance,
  at: number,
  place: EventPlace,
): Step {
  if (found !== null && at < found.startMicros) return still(found)
  // What came after the end is no sign of life for the time before.
  const closed = found === null ? still(null) : closeWindow(trigger, found, at)
  return { window: watch(trigger, closed.window, { isExpected, opens }, at, place), fires: closed.fires }
}

/** What a proactive trigger watches after an event that came within its window, or met none. */
function watch(
  trigger: EventTrigger,
  window: Window | null,
  { isExpected, opens }: Relevance,
  at: number,
  place: EventPlace,
): Window | null {
  if (trigger.after.length > 0) {
    if (opens && (window === null || isExpected)) return freshWindow(trigger, at, place)
    if (window === null || !isExpected) return window
    const count = window.count + 1
    return count >= trigger.threshold ? null : { ...window, count, last: place }
  }
  if (!isExpected) return window
  // The first event of a key says that there is something to watch from now on.
  if (window === null) return freshWindow(trigger, at, place)
  const count = window.count + 1
  return count >= trigger.threshold ? freshWindow(trigger, at, place) : { ...window, count, last: place }
}

/**
 * What the clock does to a window that ended. A proactive one that saw too little fires; without `after` the next one begins, but
 * for a key of `for_each`: that is watched again when it shows itself again, else everything that ever was would be missed for ever.
 */
export function closeWindow(trigger: EventTrigger, window: Window, nowMicros: number): Step {
  if (window.endMicros > nowMicros) return still(window)
  if (trigger.posture === 'Reactive') return still(null)
  const goesOn = trigger.after.length === 0 && trigger.for_each.length === 0
  return {
    window: goesOn ? freshWindow(trigger, Math.max(window.endMicros, nowMicros), window.last) : null,
    fires: window.count < trigger.threshold && { on: window.last },
  }
}
