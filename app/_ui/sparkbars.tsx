'use client'
import { useState } from 'react'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import { useNowMs } from './clock.tsx'
import { RunDuration } from './run-duration.tsx'
import { RunState } from './run-state.tsx'
import { isLate, showState, stateWord } from './states.ts'
import { Time } from './time.tsx'
import { formatDuration } from './times.ts'

const runs = 20
const barPx = 5
const gapPx = 2
const upPx = 14
const downPx = 6

/** The last 20 runs: height is the square root of the duration; what failed or crashed hangs below the line. */
export function Sparkbars({ rows }: { readonly rows: readonly FlowRunRow[] }) {
  const nowMs = useNowMs()
  const [hovered, setHovered] = useState<number | null>(null)
  const shown = rows.slice(-runs)
  const seconds = shown.map((row) =>
    row.startAt === null
      ? 0
      : // One that has just begun did so after the page's clock ticked last.
        Math.max(0, (row.endAt === null ? nowMs : Date.parse(row.endAt)) - Date.parse(row.startAt)) / 1000,
  )
  const longest = Math.max(1, ...seconds)
  const failed = shown.filter((row) => row.stateType === 'FAILED' || row.stateType === 'CRASHED').length
  const width = runs * (barPx + gapPx)
  // Missing runs leave a gap at the left: the newest stands at the right.
  const offset = (runs - shown.length) * (barPx + gapPx)
  const row = hovered === null ? undefined : shown[hovered]
  return (
    <span className="relative inline-block align-middle">
      <svg
        role="img"
        aria-label={`Last ${shown.length} ${shown.length === 1 ? 'run' : 'runs'}, ${failed} failed`}
        width={width}
        height={upPx + downPx}
        className="block forced-color-adjust-none"
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect()
          const index = Math.floor((event.clientX - box.left - offset) / (barPx + gapPx))
          setHovered(index >= 0 && index < shown.length ? index : null)
        }}
        onPointerLeave={() => setHovered(null)}
      >
        <path d={`M0 ${upPx + 0.5}H${width}`} stroke="var(--line-strong)" />
        {shown.map((each, index) => {
          const x = offset + index * (barPx + gapPx)
          const { family } = showState(each.stateType, isLate(each, nowMs) ? 'Late' : each.stateName)
          const tall = Math.max(2, Math.round(Math.sqrt((seconds[index] ?? 0) / longest) * (upPx - 1)))
          return <Bar key={each.id} x={x} tall={tall} family={family} />
        })}
      </svg>
      {row ? (
        <span
          className="pointer-events-none absolute top-full right-0 z-10 mt-1 grid w-max max-w-72 rounded-md bg-raised px-2.5 py-2 text-xs shadow-pop"
          style={{ ['--cut' as string]: 'var(--raised)' }}
        >
          <span className="flex items-center gap-1.5">
            <RunState run={row} />
            <b className="truncate font-medium">{row.name}</b>
          </span>
          <span className="text-ink-3">
            {row.startAt === null ? stateWord(row.stateName) : <Time at={row.startAt} />},{' '}
            <RunDuration run={row} />
          </span>
        </span>
      ) : null}
    </span>
  )
}

function Bar({
  x,
  tall,
  family,
}: {
  readonly x: number
  readonly tall: number
  readonly family: ReturnType<typeof showState>['family']
}) {
  if (family === 'fail' || family === 'crash') {
    return (
      <>
        <rect x={x} y={upPx - tall} width={barPx} height={tall} fill={`var(--state-${family})`} />
        <rect x={x} y={upPx + 1} width={barPx} height={downPx - 1} fill={`var(--state-${family})`} />
      </>
    )
  }
  if (family === 'good') {
    return (
      <>
        <rect x={x} y={upPx - tall} width={barPx} height={tall} fill="var(--state-good)" opacity=".32" />
        <rect x={x} y={upPx - tall} width={barPx} height={2} fill="var(--chart-good)" />
      </>
    )
  }
  if (family === 'late' || family === 'wait') {
    return (
      <rect
        x={x + 0.5}
        y={upPx - 6.5}
        width={barPx - 1}
        height={6}
        fill="none"
        stroke={`var(--state-${family})`}
      />
    )
  }
  return <rect x={x} y={upPx - tall} width={barPx} height={tall} fill={`var(--state-${family})`} />
}

export const medianDuration = (rows: readonly FlowRunRow[]): string | null => {
  const seconds = rows
    .flatMap((row) =>
      row.stateType === 'COMPLETED' && row.startAt !== null && row.endAt !== null
        ? [(Date.parse(row.endAt) - Date.parse(row.startAt)) / 1000]
        : [],
    )
    .sort((a, b) => a - b)
  const middle = seconds[Math.floor(seconds.length / 2)]
  return middle === undefined ? null : formatDuration(middle)
}
