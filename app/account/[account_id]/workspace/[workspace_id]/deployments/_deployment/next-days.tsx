'use client'
import { Card } from '#app/_ui/card.tsx'
import { useZone } from '#app/_ui/clock.tsx'
import { formatCount, formatInstant, partsIn, weekdayOf } from '#app/_ui/times.ts'

interface NextDaysProps {
  readonly nowMs: number
  readonly untilMs: number
  readonly paused: boolean
  readonly rows: readonly {
    readonly id: string
    readonly name: string
    readonly active: boolean
    readonly timesMs: readonly number[]
    /** However far ahead; null: never again. */
    readonly nextMs: number | null
  }[]
}

const width = 1130
const labelPx = 120
const rowPx = 26
const headPx = 20

/** When the schedules fire in the days to come: a mark for each time, a row for each schedule. */
export function NextDays({ nowMs, untilMs, paused, rows }: NextDaysProps) {
  const zone = useZone()
  const startMs = midnightBefore(nowMs, zone)
  const planned = paused ? 0 : rows.reduce((sum, row) => sum + (row.active ? row.timesMs.length : 0), 0)
  const height = headPx + rows.length * rowPx + 6
  const x = (ms: number) => labelPx + ((ms - startMs) / (untilMs - startMs)) * (width - labelPx)
  const marks: number[] = []
  for (let ms = startMs; ms < untilMs; ms = midnightBefore(ms + 36 * 3_600_000, zone)) marks.push(ms)
  return (
    <Card
      className="mb-4 max-sm:hidden"
      title={
        <>
          Next seven days <span className="ml-1 font-normal text-ink-3 text-xs">times in {zone}</span>
        </>
      }
      aside={
        <span className="text-ink-3 text-xs">
          {planned === 0
            ? 'No run planned'
            : `${formatCount(planned)} ${planned === 1 ? 'run' : 'runs'} planned`}
        </span>
      }
    >
      <div className="p-4">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`When the schedules fire: ${rows.map((row) => `${row.name} ${row.active && !paused ? `${row.timesMs.length} times` : 'paused'}`).join(', ')}`}
          className="block w-full text-[11px]"
        >
          {marks.map((ms) => {
            const parts = partsIn(zone, ms + 43_200_000)
            return (
              <g key={ms}>
                <path d={`M${x(ms)} 14V${height}`} stroke="var(--line)" />
                <text x={x(ms) + 4} y={10} fill="var(--ink-3)">
                  {weekdayOf(parts)} {parts.day}
                </text>
              </g>
            )
          })}
          {rows.map((row, index) => {
            const y = headPx + index * rowPx
            const on = row.active && !paused
            const few = row.timesMs.length <= 7
            const alone = row.timesMs.length === 1 ? row.timesMs[0] : undefined
            return (
              <g key={row.id}>
                <text x={0} y={y + 16} fill={on ? 'var(--ink)' : 'var(--ink-3)'}>
                  {row.name.length > 18 ? `${row.name.slice(0, 17)}…` : row.name}
                </text>
                {on && row.timesMs.length === 0 ? (
                  <text x={x(nowMs) + 8} y={y + 16} fill="var(--ink-3)">
                    {row.nextMs === null ? 'Never again' : `Next ${formatInstant(row.nextMs, nowMs, zone)}`}
                  </text>
                ) : null}
                {alone !== undefined && on ? (
                  <text
                    x={x(alone) + (x(alone) > width - 100 ? -6 : 8)}
                    y={y + 16}
                    textAnchor={x(alone) > width - 100 ? 'end' : 'start'}
                    fill="var(--ink-2)"
                  >
                    {formatInstant(alone, nowMs, zone)}
                  </text>
                ) : null}
                {on ? (
                  row.timesMs.map((ms) => (
                    <rect
                      key={ms}
                      x={x(ms)}
                      y={y + 6}
                      width={few ? 3 : 1.6}
                      height={12}
                      rx={few ? 1 : 0}
                      fill="var(--accent)"
                      opacity={few ? 1 : 0.75}
                    >
                      <title>{formatInstant(ms, nowMs, zone)}</title>
                    </rect>
                  ))
                ) : (
                  <>
                    <path
                      d={`M${labelPx} ${y + 12}H${width}`}
                      stroke="var(--line-control)"
                      strokeDasharray="3 4"
                    />
                    <rect
                      x={(width + labelPx) / 2 - 28}
                      y={y + 3}
                      width={56}
                      height={18}
                      fill="var(--surface)"
                    />
                    <text x={(width + labelPx) / 2} y={y + 16} textAnchor="middle" fill="var(--ink-3)">
                      Paused
                    </text>
                  </>
                )}
              </g>
            )
          })}
          <path d={`M${x(nowMs)} 14V${height}`} stroke="var(--state-live)" />
          <circle cx={x(nowMs)} cy={14} r={3} fill="var(--state-live)" />
        </svg>
      </div>
    </Card>
  )
}

/** Midnight in the zone, at or before the instant. */
function midnightBefore(ms: number, zone: string): number {
  const { hour, minute, second } = partsIn(zone, ms)
  return ms - (((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + (ms % 1000))
}
