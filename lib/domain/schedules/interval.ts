import { microsPerSecond, secondsPerDay } from './calendar.ts'
import { offsetSecondsAt, secondOnWall } from './zone.ts'

const microsPerDay = secondsPerDay * microsPerSecond
/** The last microsecond of the year 9999, or near it. */
const endMicros = 253_402_300_800 * microsPerSecond

export interface IntervalTicks {
  readonly intervalMicros: number
  readonly anchorMicros: number
  readonly zone: string
}

/**
 * Instants a whole number of intervals from the anchor, before it too; in order, none before `from`.
 *
 * From a day on, an interval is counted on the wall clock of the zone: a daily 09:00 stays at 09:00 when clocks change. A shorter one
 * is counted in elapsed time. A time that clocks skip comes later by what was skipped, one that they show twice comes the second time.
 */
export function* intervalInstants(ticks: IntervalTicks, from: number): Generator<number, void> {
  const { anchorMicros, intervalMicros } = ticks
  const at = intervalMicros < microsPerDay ? elapsed(ticks) : onWall(ticks)
  let tick = Math.ceil((from - anchorMicros) / intervalMicros)
  // Clocks differ by up to a day between the anchor and `from`, which is at most one interval; quotients round.
  tick -= 2
  let previous = Number.NEGATIVE_INFINITY
  for (; ; tick++) {
    const instant = at(tick)
    if (instant >= endMicros) return
    if (instant < from || instant <= previous) continue
    previous = instant
    yield instant
  }
}

const elapsed =
  ({ anchorMicros, intervalMicros }: IntervalTicks) =>
  (tick: number): number =>
    anchorMicros + tick * intervalMicros

const onWall = ({ anchorMicros, intervalMicros, zone }: IntervalTicks) => {
  const anchorWall = anchorMicros + offsetSecondsAt(zone, anchorMicros) * microsPerSecond
  return (tick: number): number => {
    if (tick === 0) return anchorMicros
    const wall = anchorWall + tick * intervalMicros
    if (wall >= endMicros) return endMicros
    const second = Math.floor(wall / microsPerSecond)
    return secondOnWall(zone, second, 'later') * microsPerSecond + (wall - second * microsPerSecond)
  }
}
