import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleOff,
  CirclePause,
  CircleStop,
  Clock,
  ClockAlert,
  CopyCheck,
  Gauge,
  Moon,
  RefreshCw,
  SkipForward,
  TimerOff,
  TimerReset,
  TriangleAlert,
  Undo2,
} from 'lucide-react'
import type { ComponentType, ReactNode } from 'react'
import type { StateType } from '#lib/domain/state.ts'
import { type Glyph, type ShownState, showState } from './states.ts'

interface IconProps {
  readonly className?: string
  readonly size?: number
  readonly 'aria-hidden'?: boolean
}

function Filled({ size = 16, className, children, ...rest }: IconProps & { children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className}
      aria-hidden="true"
      {...rest}
    >
      {children}
    </svg>
  )
}

// The three filled glyphs: alive or burning. Everything outlined can wait.
const Running = (props: IconProps) => (
  <Filled {...props}>
    <circle cx="12" cy="12" r="10.5" fill="currentColor" stroke="none" />
    <path d="M9.8 7.8v8.4l6.6-4.2z" fill="var(--cut, var(--surface))" stroke="none" />
  </Filled>
)
const Failed = (props: IconProps) => (
  <Filled {...props}>
    <circle cx="12" cy="12" r="10.5" fill="currentColor" stroke="none" />
    <path d="m8.4 8.4 7.2 7.2m0-7.2-7.2 7.2" stroke="var(--cut, var(--surface))" strokeWidth="2.6" />
  </Filled>
)
const Crashed = (props: IconProps) => (
  <Filled {...props}>
    <path
      d="M4 14a1 1 0 0 1-.78-1.63l9.9-10.2a.5.5 0 0 1 .86.46l-1.92 6.02A1 1 0 0 0 13 10h7a1 1 0 0 1 .78 1.63l-9.9 10.2a.5.5 0 0 1-.86-.46l1.92-6.02A1 1 0 0 0 11 14z"
      fill="currentColor"
      strokeWidth="1.5"
    />
  </Filled>
)

// What stands in the way: filled, though nothing has failed.
const Blocked = (props: IconProps) => (
  <Filled {...props}>
    <circle cx="12" cy="12" r="10.5" fill="currentColor" stroke="none" />
    <path d="M7.5 12h9" stroke="var(--cut, var(--surface))" strokeWidth="3" />
  </Filled>
)

const glyphs = {
  clock: Clock,
  'clock-alert': ClockAlert,
  'timer-reset': TimerReset,
  'circle-dashed': CircleDashed,
  running: Running,
  refresh: RefreshCw,
  'circle-pause': CirclePause,
  moon: Moon,
  'circle-stop': CircleStop,
  'circle-check': CircleCheck,
  'copy-check': CopyCheck,
  'skip-forward': SkipForward,
  undo: Undo2,
  failed: Failed,
  'timer-off': TimerOff,
  crashed: Crashed,
  ban: Ban,
  alert: TriangleAlert,
  blocked: Blocked,
  gauge: Gauge,
  offline: CircleOff,
} as const satisfies Record<Glyph, ComponentType<IconProps>>

interface StateProps {
  readonly type: StateType
  readonly name: string
  /** After the word, at normal weight: how late, when the next attempt comes. */
  readonly extra?: ReactNode
}

/** A lone icon: allowed only beside a linked run whose state is also in its accessible name. */
export function StateIcon({ type, name, size = 15 }: StateProps & { readonly size?: number }) {
  return <ShownIcon shown={showState(type, name)} size={size} />
}

export function ShownIcon({ shown, size = 15 }: { readonly shown: ShownState; readonly size?: number }) {
  const Icon = glyphs[shown.glyph]
  return (
    <span data-family={shown.family} className="inline-flex flex-none">
      <Icon aria-hidden size={size} className="text-(--mk)" />
    </span>
  )
}

/** Icon and word without background: for rows. */
export function StateLabel({ type, name, extra }: StateProps) {
  return <ShownLabel shown={showState(type, name)} extra={extra} />
}

/** Tint and edge: only beside a page title. */
export function StateBadge({ type, name, extra }: StateProps) {
  return <ShownBadge shown={showState(type, name)} extra={extra} />
}

interface ShownProps {
  readonly shown: ShownState
  readonly extra?: ReactNode
}

export function ShownLabel({ shown, extra }: ShownProps) {
  const Icon = glyphs[shown.glyph]
  return (
    <span
      data-family={shown.family}
      className="inline-flex max-w-full items-center gap-1.5 whitespace-nowrap align-top"
    >
      <Icon aria-hidden size={15} className="flex-none text-(--mk)" />
      <span className={shown.quiet ? 'truncate text-ink-2' : 'truncate font-medium text-(--fg)'}>
        {shown.word}
      </span>
      {extra ? <span className={shown.quiet ? 'text-ink-3' : 'text-(--fg)'}>{extra}</span> : null}
    </span>
  )
}

export function ShownBadge({ shown, extra }: ShownProps) {
  const Icon = glyphs[shown.glyph]
  return (
    <span
      data-family={shown.family}
      className="inline-flex h-6 flex-none items-center gap-1.5 whitespace-nowrap rounded-md bg-(--tint) pr-2 pl-1.5 font-medium text-(--fg) text-xs inset-ring inset-ring-(--edge)"
    >
      <Icon aria-hidden size={15} className="flex-none text-(--mk)" />
      {shown.word}
      {extra ? <span className="font-normal">{extra}</span> : null}
    </span>
  )
}
