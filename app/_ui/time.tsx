'use client'
import { useNowMs, useZone } from './clock.tsx'
import {
  formatAgo,
  formatDay,
  formatDuration,
  formatFiring,
  formatFull,
  formatInstant,
  formatLateness,
  formatRunning,
  instantsIn,
} from './times.ts'

const readings = {
  instant: formatInstant,
  firing: formatFiring,
  day: (ms: number, _nowMs: number, zone: string) => formatDay(ms, zone),
} as const

/** An instant in the reader's zone; whole, with offset and UTC, on hover. */
export function Time({ at, as = 'instant' }: { readonly at: string; readonly as?: keyof typeof readings }) {
  const zone = useZone()
  const nowMs = useNowMs()
  const ms = Date.parse(at)
  return (
    <time dateTime={at} title={formatFull(ms, zone)} className="whitespace-nowrap">
      {readings[as](ms, nowMs, zone)}
    </time>
  )
}

/** A sentence of the server's, which tells times in UTC, with its times in the reader's zone. */
export function Told({ text, at }: { readonly text: string /** When it was said. */; readonly at: string }) {
  const aroundMs = Date.parse(at)
  return instantsIn(text, aroundMs).map((piece, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place in the sentence
    typeof piece === 'string' ? piece : <Time key={index} at={new Date(piece).toISOString()} />,
  )
}

/** `14 min ago`, under a day and only where now matters; else the instant. */
export function Ago({ at }: { readonly at: string }) {
  const zone = useZone()
  const ms = Date.parse(at)
  const coarse = useNowMs()
  const fine = Math.abs(coarse - ms) < 90_000
  return fine ? (
    <AgoSeconds at={at} />
  ) : (
    <time dateTime={at} title={formatFull(ms, zone)} className="whitespace-nowrap">
      {Math.abs(coarse - ms) < 86_400_000 ? formatAgo(ms, coarse) : formatInstant(ms, coarse, zone)}
    </time>
  )
}

function AgoSeconds({ at }: { readonly at: string }) {
  const zone = useZone()
  const nowMs = useNowMs('second')
  const ms = Date.parse(at)
  return (
    <time dateTime={at} title={formatFull(ms, zone)} className="whitespace-nowrap">
      {formatAgo(ms, nowMs)}
    </time>
  )
}

export function Duration({ seconds }: { readonly seconds: number }) {
  return <span className="whitespace-nowrap">{formatDuration(seconds)}</span>
}

/** Ticks each second. */
export function RunningDuration({
  since,
  plusSeconds = 0,
}: {
  readonly since: string
  readonly plusSeconds?: number
}) {
  const nowMs = useNowMs('second')
  return (
    <span className="whitespace-nowrap">
      {formatRunning((nowMs - Date.parse(since)) / 1000 + plusSeconds)}
    </span>
  )
}

export function Lateness({ since }: { readonly since: string }) {
  const nowMs = useNowMs('second')
  return <>{formatLateness((nowMs - Date.parse(since)) / 1000)}</>
}
