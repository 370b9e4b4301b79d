'use client'
import { useRouter } from 'next/navigation'
import { type PointerEvent as ReactPointerEvent, useMemo, useRef, useState } from 'react'
import { foldFlowRun, latestFlowRuns } from '#app/_live/fold.ts'
import { useFold } from '#app/_live/live.tsx'
import { useNowMs, useZone } from '#app/_ui/clock.tsx'
import { StateLabel } from '#app/_ui/state.tsx'
import { type Family, showState } from '#app/_ui/states.ts'
import { formatCount, formatDuration, formatInstant, partsIn } from '#app/_ui/times.ts'
import type { RunPoint } from '#lib/control/console/list-run-points.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import { isFinal, type StateType } from '#lib/domain/state.ts'
import { matchesRun, type RunQuery, runQueryString, withFilter } from './query.ts'
import { durationAxis, durationShare, tickWords, timeTicks } from './scale.ts'

interface ScatterProps {
  readonly base: string
  readonly path: string
  readonly query: RunQuery
  readonly filter: RunFilter
  readonly points: readonly RunPoint[]
  /** All runs that the filter matches, capped; the points may be fewer. */
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  readonly flowNames: Readonly<Record<string, string>>
}

const height = 150
const topPad = 8
const plotHeight = height - topPad

type Mark = 'dot' | 'cross' | 'ring' | 'triangle' | 'diamond' | 'tick'

const marks = {
  SCHEDULED: 'tick',
  PENDING: 'tick',
  RUNNING: 'ring',
  PAUSED: 'ring',
  CANCELLING: 'cross',
  COMPLETED: 'dot',
  CANCELLED: 'cross',
  CRASHED: 'triangle',
  FAILED: 'diamond',
} as const satisfies Record<StateType, Mark>

/** Last is largest and on top: failures must not hide under successes. */
const order: readonly Mark[] = ['tick', 'dot', 'cross', 'ring', 'triangle', 'diamond']

const secondsOf = (point: RunPoint, nowMs: number): number =>
  point.endAt !== null
    ? (Date.parse(point.endAt) - Date.parse(point.startAt)) / 1000
    : isFinal(point.stateType) || point.stateType === 'SCHEDULED'
      ? point.totalRunTimeSeconds
      : (nowMs - Date.parse(point.startAt)) / 1000

export function Scatter({
  base,
  path,
  query,
  filter,
  points: initial,
  count,
  fromMs,
  toMs,
  flowNames,
}: ScatterProps) {
  const router = useRouter()
  const zone = useZone()
  const nowMs = useNowMs()
  const [points] = useFold(initial, (held, changes) => {
    let next = held
    for (const change of latestFlowRuns(changes).values()) {
      if (change === null || change.startAt === null) continue
      const shown = held.find((point) => point.id === change.id)
      if (shown) {
        const { kind: _, ...rest } = foldFlowRun({ ...change, ...shown, stateAt: '' }, change)
        next = next.map((point) => (point.id === change.id ? toPoint(rest, shown.flowName) : point))
      } else if (matchesRun(filter, change)) next = [toPoint(change, flowNames[change.flowId] ?? ''), ...next]
    }
    return next
  })
  // A run that has just begun may be newer than the page's idea of now.
  const newestMs = points.reduce((newest, point) => Math.max(newest, Date.parse(point.startAt)), 0)
  const end = typeof query.range === 'object' ? toMs : Math.max(toMs, nowMs, newestMs)
  const placed = useMemo(() => {
    const longest = Math.max(1, ...points.map((point) => secondsOf(point, nowMs)))
    const axis = durationAxis(longest)
    const all = points
      .map((point) => ({
        point,
        mark: marks[point.stateType] as Mark,
        x: (Date.parse(point.startAt) - fromMs) / (end - fromMs),
        y: topPad + plotHeight * (1 - durationShare(secondsOf(point, nowMs), axis)),
      }))
      .filter(({ x }) => x >= 0 && x <= 1)
      .sort((a, b) => order.indexOf(a.mark) - order.indexOf(b.mark))
    return { axis, all }
  }, [points, nowMs, fromMs, end])
  const ticks = timeTicks(fromMs, end)
  const words = tickWords(ticks, (ms) => partsIn(zone, ms))
  const plot = useRef<HTMLDivElement>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null)

  const shareAt = (event: ReactPointerEvent): number => {
    const box = plot.current?.getBoundingClientRect()
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0
  }
  const nearest = (event: ReactPointerEvent): number | null => {
    const box = plot.current?.getBoundingClientRect()
    if (!box) return null
    let best: number | null = null
    let bestDistance = 12
    for (const [index, { x, y }] of placed.all.entries()) {
      const distance = Math.hypot(x * box.width - (event.clientX - box.left), y - (event.clientY - box.top))
      if (distance <= bestDistance) {
        best = index
        bestDistance = distance
      }
    }
    return best
  }
  const at = hovered === null ? undefined : placed.all[hovered]
  const failed = points.filter(
    (point) => point.stateType === 'FAILED' || point.stateType === 'CRASHED',
  ).length
  const name = `Flow runs by start time and duration: ${formatCount(points.length)} ${points.length === 1 ? 'run' : 'runs'}, ${failed} failed or crashed. The table below has the same runs.`

  return (
    <figure className="pt-2">
      <div className="relative ml-11 max-sm:ml-8">
        {placed.axis.ticks.map(({ seconds, word }) => (
          <span
            key={word}
            aria-hidden
            className="absolute right-full -mt-2 pr-2 text-2xs text-ink-3"
            style={{ top: Math.round(topPad + plotHeight * (1 - durationShare(seconds, placed.axis))) }}
          >
            {word}
          </span>
        ))}
        <div
          ref={plot}
          className="relative touch-pan-y select-none"
          style={{ height, cursor: at && !drag ? 'pointer' : 'crosshair' }}
          onPointerMove={(event) => {
            if (drag && event.buttons === 1) setDrag({ ...drag, to: shareAt(event) })
            else setHovered(nearest(event))
          }}
          onPointerLeave={() => setHovered(null)}
          onPointerDown={(event) => {
            if (event.button !== 0 || event.pointerType === 'touch') return
            event.currentTarget.setPointerCapture(event.pointerId)
            const share = shareAt(event)
            setDrag({ from: share, to: share })
          }}
          onPointerUp={(event) => {
            const chosen = drag
            setDrag(null)
            const width = plot.current?.clientWidth ?? 0
            if (chosen && Math.abs(chosen.to - chosen.from) * width > 5) {
              const instant = (share: number) => new Date(fromMs + share * (end - fromMs)).toISOString()
              const [a, b] = [Math.min(chosen.from, chosen.to), Math.max(chosen.from, chosen.to)]
              router.push(
                `${path}${runQueryString(withFilter(query, { range: { fromAt: instant(a), toAt: instant(b) } }))}`,
                { scroll: false },
              )
              return
            }
            const index = nearest(event)
            const hit = index === null ? undefined : placed.all[index]
            if (hit) router.push(`${base}/runs/flow-run/${hit.point.id}`)
          }}
        >
          <svg role="img" aria-label={name} width="100%" height={height} className="block overflow-visible">
            {placed.axis.ticks.map(({ seconds, word }, index) => {
              const y = Math.round(topPad + plotHeight * (1 - durationShare(seconds, placed.axis))) + 0.5
              return (
                <line
                  key={word}
                  x1="0"
                  x2="100%"
                  y1={y}
                  y2={y}
                  stroke={index === 0 ? 'var(--line-strong)' : 'var(--line)'}
                  shapeRendering="crispEdges"
                />
              )
            })}
            {placed.all.map(({ point, mark, x, y }) => (
              <MarkAt
                key={point.id}
                mark={mark}
                family={showState(point.stateType, point.stateName).family}
                x={x}
                y={y}
              />
            ))}
            {at ? (
              <circle
                cx={percent(at.x)}
                cy={at.y}
                r="9"
                fill="none"
                stroke="var(--focus)"
                strokeWidth="1.5"
              />
            ) : null}
          </svg>
          {drag ? (
            <div
              className="absolute inset-y-0 border-accent border-x bg-accent/10"
              style={{
                left: percent(Math.min(drag.from, drag.to)),
                width: percent(Math.abs(drag.to - drag.from)),
              }}
            />
          ) : null}
          {at && !drag ? <HoverCard point={at.point} x={at.x} y={at.y} nowMs={nowMs} zone={zone} /> : null}
        </div>
        <div aria-hidden className="relative mt-2 h-5 text-2xs text-ink-3">
          {words.map((word, index) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a tick is its place
              key={index}
              className={`absolute whitespace-nowrap ${index === 0 ? '' : index === words.length - 1 ? '-translate-x-full' : '-translate-x-1/2'} ${index % 2 === 1 ? 'max-sm:hidden' : ''}`}
              style={{ left: percent(index / (words.length - 1)) }}
            >
              {word}
            </span>
          ))}
        </div>
      </div>
      <figcaption className="flex min-h-9 flex-wrap items-center gap-x-3.5 gap-y-1 text-ink-2 text-xs max-sm:mt-1 max-sm:mb-2">
        <Legend mark="dot" family="good" word="Completed" />
        <Legend mark="ring" family="live" word="Running" />
        <Legend mark="diamond" family="fail" word="Failed" />
        <Legend mark="triangle" family="crash" word="Crashed" />
        <Legend mark="cross" family="stop" word="Cancelled" />
        <span className="ml-auto text-ink-3 max-sm:hidden">
          {count > points.length && points.length >= 2000
            ? `The newest ${formatCount(points.length)} of ${formatCount(count, 10_000)} runs. Drag to zoom into a time`
            : 'Drag across the plot to zoom into a time'}
        </span>
      </figcaption>
    </figure>
  )
}

const toPoint = (
  run: Omit<RunPoint, 'flowName' | 'startAt'> & { readonly startAt: string | null },
  flowName: string,
): RunPoint => ({
  id: run.id,
  name: run.name,
  flowName,
  stateType: run.stateType,
  stateName: run.stateName,
  startAt: run.startAt ?? '',
  endAt: run.endAt,
  totalRunTimeSeconds: run.totalRunTimeSeconds,
})

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`

function MarkAt({
  mark,
  family,
  x,
  y,
}: {
  readonly mark: Mark
  readonly family: Family
  readonly x: number
  readonly y: number
}) {
  const cx = percent(x)
  if (mark === 'dot')
    return (
      <circle
        cx={cx}
        cy={y.toFixed(1)}
        r="2.75"
        fill={family === 'good' ? 'var(--chart-good)' : `var(--state-${family})`}
        stroke="var(--surface)"
        strokeWidth=".75"
      />
    )
  // A nested svg takes a percentage, a path does not.
  return (
    <svg x={cx} y={y.toFixed(1)} overflow="visible" aria-hidden="true">
      <Shape mark={mark} family={family} />
    </svg>
  )
}

function Shape({ mark, family }: { readonly mark: Mark; readonly family: Family }) {
  const colour = `var(--state-${family})`
  switch (mark) {
    case 'dot':
      return <circle r="2.75" fill="var(--chart-good)" stroke="var(--surface)" strokeWidth=".75" />
    case 'ring':
      return <circle r="4" fill="var(--surface)" stroke={colour} strokeWidth="2" />
    case 'cross':
      return <path d="M-3-3l6 6m0-6l-6 6" stroke={colour} strokeWidth="1.75" fill="none" />
    case 'triangle':
      return <path d="M0-5.5l5.5 9.5h-11z" fill={colour} stroke="var(--surface)" />
    case 'diamond':
      return <path d="M0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z" fill={colour} stroke="var(--surface)" />
    case 'tick':
      return <path d="M0-3.4v6.8" stroke={colour} strokeWidth="2" />
    default: {
      const never: never = mark
      return never
    }
  }
}

function Legend({
  mark,
  family,
  word,
}: {
  readonly mark: Mark
  readonly family: Family
  readonly word: string
}) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
        <Shape mark={mark} family={family} />
      </svg>
      {word}
    </span>
  )
}

function HoverCard({
  point,
  x,
  y,
  nowMs,
  zone,
}: {
  readonly point: RunPoint
  readonly x: number
  readonly y: number
  readonly nowMs: number
  readonly zone: string
}) {
  return (
    <div
      className="pointer-events-none absolute z-10 w-max max-w-72 rounded-md bg-raised px-2.5 py-2 text-xs shadow-pop"
      style={{
        left: percent(x),
        top: y + 12,
        transform: `translateX(${x > 0.75 ? '-100%' : x < 0.25 ? '0' : '-50%'})`,
        ['--cut' as string]: 'var(--raised)',
      }}
    >
      <div className="flex items-center gap-1.5">
        <StateLabel type={point.stateType} name={point.stateName} />
        <b className="truncate font-medium">{point.name}</b>
      </div>
      <div className="truncate text-ink-2">{point.flowName}</div>
      <div className="text-ink-3">
        {formatInstant(Date.parse(point.startAt), nowMs, zone)}, {formatDuration(secondsOf(point, nowMs))}
      </div>
    </div>
  )
}
