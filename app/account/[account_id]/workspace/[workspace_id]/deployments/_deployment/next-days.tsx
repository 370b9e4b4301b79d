'use client'
import { Card } from '#app/_ui/card.tsx'
import { cx } from '#app/_ui/class-names.ts'
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

const rowPx = 26
const headPx = 20

/** When the schedules fire in the days to come: a mark for each time, a row for each schedule. */
export function NextDays({ nowMs, untilMs, paused, rows }: NextDaysProps) {
  const zone = useZone()
  const startMs = midnightBefore(nowMs, zone)
  const planned = paused ? 0 : rows.reduce((sum, row) => sum + (row.active ? row.timesMs.length : 0), 0)
  const height = headPx + rows.length * rowPx + 6
  // Shares of the width, so that texts keep their size on a narrow page.
  const share = (ms: number): number => (ms - startMs) / (untilMs - startMs)
  const x = (ms: number): string => `${(share(ms) * 100).toFixed(3)}%`
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
      <div className="grid grid-cols-[120px_minmax(0,1fr)] p-4 text-2xs">
        <ul aria-hidden style={{ paddingTop: headPx }}>
          {rows.map((row) => (
            <li
              key={row.id}
              style={{ height: rowPx, lineHeight: `${rowPx - 2}px` }}
              className={cx('truncate pr-3', row.active && !paused ? 'text-ink' : 'text-ink-3')}
              title={row.name}
            >
              {row.name}
            </li>
          ))}
        </ul>
        <svg
          width="100%"
          height={height}
          role="img"
          aria-label={`When the schedules fire: ${rows.map((row) => `${row.name} ${row.active && !paused ? `${row.timesMs.length} ${row.timesMs.length === 1 ? 'time' : 'times'}` : 'paused'}`).join(', ')}`}
          className="block overflow-visible"
        >
          {marks.map((ms) => {
            const parts = partsIn(zone, ms + 43_200_000)
            return (
              <g key={ms}>
                <line x1={x(ms)} x2={x(ms)} y1={14} y2={height} stroke="var(--line)" />
                {/* The last day may be too short for its name. */}
                {share(ms) < 0.95 ? (
                  <text x={x(ms)} dx={4} y={10} fill="var(--ink-3)">
                    {weekdayOf(parts)} {parts.day}
                  </text>
                ) : null}
              </g>
            )
          })}
          {rows.map((row, index) => (
            <Marks
              key={row.id}
              row={row}
              y={headPx + index * rowPx}
              on={row.active && !paused}
              nowMs={nowMs}
              share={share}
              x={x}
              zone={zone}
            />
          ))}
          <line x1={x(nowMs)} x2={x(nowMs)} y1={14} y2={height} stroke="var(--state-live)" />
          <circle cx={x(nowMs)} cy={14} r={3} fill="var(--state-live)" />
        </svg>
      </div>
    </Card>
  )
}

interface MarksProps {
  readonly row: NextDaysProps['rows'][number]
  readonly y: number
  readonly on: boolean
  readonly nowMs: number
  /** How far along an instant lies. */
  readonly share: (ms: number) => number
  /** The same for an attribute. */
  readonly x: (ms: number) => string
  readonly zone: string
}

/** When one schedule fires; one that rarely does says it in words. */
function Marks({ row, y, on, nowMs, share, x, zone }: MarksProps) {
  if (!on)
    return (
      <>
        <line x1="0" x2="100%" y1={y + 12} y2={y + 12} stroke="var(--line-control)" strokeDasharray="3 4" />
        <rect
          x="50%"
          y={y + 3}
          width={56}
          height={18}
          fill="var(--surface)"
          style={{ transform: 'translateX(-28px)' }}
        />
        <text x="50%" y={y + 16} textAnchor="middle" fill="var(--ink-3)">
          Paused
        </text>
      </>
    )
  const [only] = row.timesMs
  if (only === undefined)
    return (
      <text x={x(nowMs)} dx={8} y={y + 16} fill="var(--ink-3)">
        {row.nextMs === null ? 'Never again' : `Next ${formatInstant(row.nextMs, nowMs, zone)}`}
      </text>
    )
  const few = row.timesMs.length <= 7
  const atEnd = share(only) > 0.85
  return (
    <>
      {row.timesMs.map((ms) => (
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
      ))}
      {row.timesMs.length === 1 ? (
        <text
          x={x(only)}
          dx={atEnd ? -6 : 8}
          y={y + 16}
          textAnchor={atEnd ? 'end' : 'start'}
          fill="var(--ink-2)"
        >
          {formatInstant(only, nowMs, zone)}
        </text>
      ) : null}
    </>
  )
}

/** Midnight in the zone, at or before the instant. */
function midnightBefore(ms: number, zone: string): number {
  const { hour, minute, second } = partsIn(zone, ms)
  return ms - (((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + (ms % 1000))
}
