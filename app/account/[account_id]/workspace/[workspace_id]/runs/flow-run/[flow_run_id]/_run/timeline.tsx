'use client'
import { ChevronDown, ChevronRight } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { type CSSProperties, useEffect, useMemo, useRef, useState } from 'react'
import type { SeenState } from '#app/_live/fold.ts'
import { useNowMs, useZone } from '#app/_ui/clock.tsx'
import { spanSeconds } from '#app/_ui/run-duration.tsx'
import { StateIcon } from '#app/_ui/state.tsx'
import { showState, stateWord } from '#app/_ui/states.ts'
import { RunningDuration } from '#app/_ui/time.tsx'
import { formatDuration, formatInstant, formatOffset } from '#app/_ui/times.ts'
import type { FlowRunRow, TaskRunRow } from '#lib/control/console/rows.ts'
import { isFinal } from '#lib/domain/state.ts'
import { type Axis, endedAxis, growingAxis } from './axis.ts'
import type { Segment } from './segments.ts'
import { related, rowPx, type TimelineRow, timelineRows } from './timeline-rows.ts'

// Few runs have so many tasks; the others do without what keeps a long list light.
const VirtualRows = dynamic(() => import('./virtual-rows.tsx').then((file) => file.VirtualRows), {
  ssr: false,
})

interface TimelineProps {
  readonly base: string
  readonly run: FlowRunRow
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly attempts: ReadonlyMap<string, readonly SeenState[]>
  readonly subFlowRuns: Readonly<Record<string, string>>
  readonly selected: string | null
  readonly selectHref: (taskRunId: string | null) => string
}

/** Beyond this many rows only those in sight are drawn, and no dependencies. */
const mostRows = 300

export function Timeline({ base, run, tasks, attempts, subFlowRuns, selected, selectHref }: TimelineProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => timelineRows(tasks.values(), attempts, open), [tasks, attempts, open])
  const nowMs = useNowMs()
  const zone = useZone()
  const [renderNowMs, setRenderNowMs] = useState(0)
  const goesOn =
    !isFinal(run.stateType) && rows.some((row) => row.segments.some((segment) => segment.toMs === null))
  const { startMs, axis } = useMemo(
    () => frame(run, rows, Math.max(nowMs, renderNowMs), goesOn),
    [run, rows, nowMs, renderNowMs, goesOn],
  )
  const plot = useRef<HTMLElement>(null)
  useNowShare(plot, startMs, axis, goesOn, setRenderNowMs)
  const chosen = useMemo(
    () => (selected === null ? null : related(rows, rowHolding(rows, selected, tasks))),
    [rows, selected, tasks],
  )
  const toggle = (group: string) =>
    setOpen((before) => {
      const next = new Set(before)
      if (!next.delete(group)) next.add(group)
      return next
    })
  const scroller = useRef<HTMLDivElement>(null)
  const many = rows.length > mostRows
  if (rows.length === 0) return null
  const nowShare = (Math.max(nowMs, renderNowMs) - startMs) / 1000 / axis.spanSeconds
  const rowOf = (row: TimelineRow, style?: CSSProperties) => (
    <Row
      key={row.id}
      row={row}
      base={base}
      startMs={startMs}
      axis={axis}
      runEnded={isFinal(run.stateType)}
      dimmed={chosen !== null && !chosen.has(row.id)}
      current={selected === row.id}
      childFlowRunId={row.task.childFlowRunId ?? subFlowRuns[row.task.id] ?? null}
      selectHref={selectHref}
      isOpen={row.group !== null && open.has(row.group)}
      onToggle={toggle}
      style={style}
    />
  )

  return (
    <section
      ref={plot}
      aria-label="Timeline"
      className="mb-2 rounded-lg border border-line px-4 pt-2 pb-2"
      style={{ '--now': round(nowShare) } as CSSProperties}
    >
      <div className="flex min-h-7 items-center gap-2">
        <h2 className="font-medium">Timeline</h2>
        {selected ? (
          <Link href={selectHref(null)} scroll={false} className="link text-xs">
            Show all rows
          </Link>
        ) : null}
      </div>
      <div className="relative">
        {/* The axis stands behind the bars: its lines run the whole height. */}
        <div aria-hidden className="absolute inset-y-0 right-0 left-0 sm:right-[76px] sm:left-59">
          {axis.ticks.map((tick, index) => (
            <div
              key={tick}
              className={`absolute inset-y-0 border-line border-l ${index % 2 === 1 ? 'max-sm:hidden' : ''}`}
              style={{ left: percent(tick / axis.spanSeconds) }}
            >
              <span
                className={`absolute top-0 whitespace-nowrap bg-surface text-2xs text-ink-3 ${index === 0 ? 'max-sm:left-0 sm:-translate-x-1/2' : '-translate-x-1/2'}`}
              >
                {index === 0 ? formatInstant(startMs, nowMs, zone) : formatOffset(tick)}
              </span>
            </div>
          ))}
        </div>
        <div className="h-5" />
        <div ref={scroller} className={many ? 'relative max-h-[60dvh] overflow-y-auto' : 'relative'}>
          {many ? (
            <VirtualRows scroller={scroller} rows={rows}>
              {rowOf}
            </VirtualRows>
          ) : (
            <>
              <Dependencies rows={rows} startMs={startMs} axis={axis} chosen={chosen} />
              <ol className="relative">{rows.map((row) => rowOf(row))}</ol>
            </>
          )}
        </div>
        {goesOn ? (
          <div
            aria-hidden
            className="pointer-events-none absolute top-5 right-0 bottom-0 left-0 sm:right-[76px] sm:left-59"
          >
            <div
              className="absolute inset-y-0 w-px bg-state-live"
              style={{ left: 'calc(clamp(0, var(--now), 1) * 100%)' }}
            >
              <span className="absolute -top-[3px] -left-[2.5px] size-1.5 rounded-full bg-state-live" />
            </div>
          </div>
        ) : null}
      </div>
    </section>
  )
}

const round = (share: number): number => Math.round(share * 1e5) / 1e5
const percent = (share: number): string => `${round(share) * 100}%`

function rowHolding(
  rows: readonly TimelineRow[],
  taskRunId: string,
  tasks: ReadonlyMap<string, TaskRunRow>,
): string {
  if (rows.some((row) => row.id === taskRunId)) return taskRunId
  const key = tasks.get(taskRunId)?.taskKey
  return key === undefined ? taskRunId : `group:${key}`
}

/** Where the axis begins and how long it is: from the run's start to its end, or with room to grow. */
function frame(run: FlowRunRow, rows: readonly TimelineRow[], nowMs: number, goesOn: boolean) {
  const begun = rows.flatMap((row) => row.segments.map((segment) => segment.fromMs))
  const ended = rows.flatMap((row) => row.segments.map((segment) => segment.toMs ?? segment.fromMs))
  const runStart = run.startAt ?? run.expectedStartAt
  const startMs = Math.min(
    runStart === null ? Number.POSITIVE_INFINITY : Date.parse(runStart),
    ...begun.slice(0, 1),
    ...begun,
  )
  const known = Number.isFinite(startMs) ? startMs : nowMs
  const endMs = Math.max(known, ...ended, run.endAt === null ? 0 : Date.parse(run.endAt))
  const axis = goesOn
    ? growingAxis((Math.max(nowMs, endMs) - known) / 1000)
    : endedAxis((endMs - known) / 1000)
  return { startMs: known, axis }
}

/**
 * Running bars grow each frame without a render: one property on the section moves them all. With reduced motion they
 * step once a second. Nothing runs when nothing does.
 */
function useNowShare(
  element: { readonly current: HTMLElement | null },
  startMs: number,
  axis: Axis,
  goesOn: boolean,
  outgrown: (nowMs: number) => void,
) {
  useEffect(() => {
    if (!goesOn) return
    let frameId = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches
    const step = () => {
      const share = (Date.now() - startMs) / 1000 / axis.spanSeconds
      element.current?.style.setProperty('--now', String(share))
      if (share >= 0.995) outgrown(Date.now())
      if (calm) timer = setTimeout(step, 1000)
      else frameId = requestAnimationFrame(step)
    }
    step()
    return () => {
      cancelAnimationFrame(frameId)
      clearTimeout(timer)
    }
  }, [element, startMs, axis, goesOn, outgrown])
}

interface RowProps {
  readonly row: TimelineRow
  readonly base: string
  readonly startMs: number
  readonly axis: Axis
  readonly runEnded: boolean
  readonly dimmed: boolean
  readonly current: boolean
  readonly childFlowRunId: string | null
  readonly selectHref: (taskRunId: string | null) => string
  readonly isOpen: boolean
  readonly onToggle: (group: string) => void
  readonly style: CSSProperties | undefined
}

function Row(props: RowProps) {
  const {
    row,
    base,
    startMs,
    axis,
    runEnded,
    dimmed,
    current,
    childFlowRunId,
    selectHref,
    isOpen,
    onToggle,
    style,
  } = props
  const { task } = row
  const shown = showState(task.stateType, task.stateName)
  const failed = shown.family === 'fail' || shown.family === 'crash'
  const attempts = row.segments.filter((segment) => !segment.waits).length
  const Chevron = isOpen ? ChevronDown : ChevronRight
  return (
    <li
      data-family={shown.family}
      className={`relative h-8 sm:h-[23px] ${dimmed ? 'opacity-25' : ''} ${failed || current ? '-mx-2 rounded-sm px-2' : ''} ${failed ? 'bg-(--tint)' : current ? 'bg-accent-tint' : ''}`}
      style={style}
    >
      <div
        className={`flex h-[18px] items-center gap-1.5 text-xs sm:h-full sm:w-56 ${row.depth === 1 ? 'pl-4' : ''}`}
        style={{ '--cut': failed ? 'var(--tint)' : 'var(--surface)' } as CSSProperties}
      >
        <StateIcon type={task.stateType} name={task.stateName} size={13} />
        {row.runs > 1 && row.group !== null ? (
          <button
            type="button"
            aria-expanded={isOpen}
            onClick={() => onToggle(row.group ?? '')}
            className="flex min-w-0 items-center gap-0.5 text-left"
          >
            <Chevron aria-hidden size={12} className="-ml-0.5 flex-none text-ink-3" />
            <span className="truncate font-medium" title={row.label}>
              {row.label}
            </span>
          </button>
        ) : (
          <Link
            href={
              childFlowRunId ? `${base}/runs/flow-run/${childFlowRunId}` : `${base}/runs/task-run/${task.id}`
            }
            title={row.label}
            className={`title-link truncate ${childFlowRunId ? 'font-medium' : ''} ${shown.family === 'wait' ? 'text-ink-2' : ''}`}
          >
            {childFlowRunId ? (
              <ChevronRight aria-hidden size={12} className="mr-0.5 -ml-0.5 inline text-ink-3" />
            ) : null}
            {row.label}
          </Link>
        )}
        <span className="sr-only">, {shown.word}</span>
        <span className="ml-auto flex-none pl-2 text-2xs text-ink-3 max-sm:hidden">
          {row.runs > 1 ? `${row.runs} runs` : attempts > 1 ? `attempt ${attempts}` : null}
        </span>
        <span className="relative z-[1] ml-auto flex-none bg-(--cut) pl-2 text-2xs text-ink-2 sm:hidden">
          <RowDuration row={row} runEnded={runEnded} />
        </span>
      </div>
      <div
        // A tinted row is 8 px wider on both sides; its bars keep to the axis.
        className={`absolute top-[19px] h-[9px] sm:inset-y-1 sm:h-auto ${failed || current ? 'right-2 left-2 sm:right-21 sm:left-61' : 'right-0 left-0 sm:right-[76px] sm:left-59'}`}
      >
        {row.segments.map((segment, index) => (
          <Bar
            key={`${segment.fromMs}-${segment.attempt}`}
            segment={segment}
            startMs={startMs}
            axis={axis}
            hollow={childFlowRunId !== null}
            joinsLeft={index > 0}
            joinsRight={index < row.segments.length - 1}
            words={attempts > 1 && !segment.waits ? `attempt ${segment.attempt}` : null}
            href={row.runs === 1 ? selectHref(current ? null : task.id) : null}
            label={row.label}
          />
        ))}
      </div>
      <span
        className={`absolute inset-y-0 right-0 grid items-center text-2xs max-sm:hidden ${failed ? 'text-(--fg)' : shown.family === 'live' ? 'text-state-live-fg' : 'text-ink-2'} ${failed || current ? 'right-2' : ''}`}
      >
        <RowDuration row={row} runEnded={runEnded} />
      </span>
    </li>
  )
}

function RowDuration({ row, runEnded }: { readonly row: TimelineRow; readonly runEnded: boolean }) {
  const { task, segments } = row
  const first = segments[0]
  const last = segments.at(-1)
  if (!first || !last) return <>{runEnded && task.stateType !== 'COMPLETED' ? 'Never ran' : ''}</>
  if (task.stateName === 'Cached' || task.stateName === 'Skipped') return <>{stateWord(task.stateName)}</>
  if (last.toMs === null) {
    return runEnded ? <>–</> : <RunningDuration since={new Date(first.fromMs).toISOString()} />
  }
  return (
    <>
      {formatDuration(spanSeconds(new Date(first.fromMs).toISOString(), new Date(last.toMs).toISOString()))}
    </>
  )
}

interface BarProps {
  readonly segment: Segment
  readonly startMs: number
  readonly axis: Axis
  readonly hollow: boolean
  readonly joinsLeft: boolean
  readonly joinsRight: boolean
  readonly words: string | null
  readonly href: string | null
  readonly label: string
}

function Bar({ segment, startMs, axis, hollow, joinsLeft, joinsRight, words, href, label }: BarProps) {
  const from = round((segment.fromMs - startMs) / 1000 / axis.spanSeconds)
  const to = segment.toMs === null ? null : round((segment.toMs - startMs) / 1000 / axis.spanSeconds)
  const style = {
    left: percent(from),
    width:
      to === null
        ? `calc((clamp(${from}, var(--now), 1) - ${from}) * 100%)`
        : percent(Math.max(0, to - from)),
    '--good-fill': 'color-mix(in srgb, var(--state-good) 30%, transparent)',
  } as CSSProperties
  const look = segment.waits
    ? 'border border-dashed border-(--mk) bg-(--tint)'
    : hollow
      ? 'border border-(--mk)/80 bg-(--tint)'
      : segment.family === 'good'
        ? 'border border-chart-good bg-(--good-fill)'
        : segment.family === 'wait'
          ? 'border border-dashed border-line-control'
          : 'bg-(--mk)'
  const className = `forced-color-adjust-none absolute inset-y-0 min-w-[3px] @container overflow-hidden text-left font-medium text-2xs leading-[15px] ${segment.family === 'good' || segment.waits || hollow ? 'text-ink' : 'text-(--on)'} ${look} ${joinsLeft ? '' : 'rounded-l-[3px]'} ${joinsRight ? '' : 'rounded-r-[3px]'}`
  const inside = words ? (
    <span aria-hidden className="@max-[58px]:hidden whitespace-nowrap px-1.5 max-sm:hidden">
      {words}
    </span>
  ) : null
  return href === null ? (
    <span data-family={segment.family} className={className} style={style}>
      {inside}
    </span>
  ) : (
    <Link
      data-family={segment.family}
      href={href}
      scroll={false}
      prefetch={false}
      // The row's name is the tab stop; a bar is a larger target for the pointer.
      tabIndex={-1}
      aria-label={`Filter logs by ${label}`}
      aria-hidden
      className={className}
      style={style}
    >
      {inside}
    </Link>
  )
}

/** Direct dependencies as elbows; those into what failed are red. Stretched with the plot, so lines keep their width. */
function Dependencies({
  rows,
  startMs,
  axis,
  chosen,
}: {
  readonly rows: readonly TimelineRow[]
  readonly startMs: number
  readonly axis: Axis
  readonly chosen: ReadonlySet<string> | null
}) {
  const edges = useMemo(() => {
    const place = new Map(rows.map((row, index) => [row.id, { row, y: index * rowPx + rowPx / 2 }]))
    const share = (ms: number) => ((ms - startMs) / 1000 / axis.spanSeconds) * 1000
    return rows.flatMap((row) => {
      const to = place.get(row.id)
      const begins = row.segments[0]?.fromMs
      if (!to || begins === undefined) return []
      return row.from.flatMap((source) => {
        const from = place.get(source)
        const ends = from?.row.segments.at(-1)?.toMs
        if (!from || ends === undefined || ends === null) return []
        const family = showState(row.task.stateType, row.task.stateName).family
        const [x1, x2] = [share(ends), share(begins)]
        const middle = Math.max(x1, x2 - 3)
        return [
          {
            key: `${source}>${row.id}`,
            hot: family === 'fail' || family === 'crash',
            dim: chosen !== null && !(chosen.has(source) && chosen.has(row.id)),
            d: `M${x1.toFixed(1)} ${from.y}H${middle.toFixed(1)}V${to.y}H${x2.toFixed(1)}`,
          },
        ]
      })
    })
  }, [rows, startMs, axis, chosen])
  if (edges.length === 0 || edges.length > 1000) return null
  const height = rows.length * rowPx
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 1000 ${height}`}
      preserveAspectRatio="none"
      className="absolute top-0 left-59 w-[calc(100%-236px-76px)] overflow-visible max-sm:hidden"
      style={{ height }}
    >
      {edges.map((edge) => (
        <path
          key={edge.key}
          d={edge.d}
          fill="none"
          vectorEffect="non-scaling-stroke"
          stroke={edge.hot ? 'var(--state-fail)' : 'var(--line-control)'}
          strokeWidth={edge.hot ? 1.5 : 1}
          opacity={edge.dim ? 0.15 : edge.hot ? 1 : 0.7}
        />
      ))}
    </svg>
  )
}
