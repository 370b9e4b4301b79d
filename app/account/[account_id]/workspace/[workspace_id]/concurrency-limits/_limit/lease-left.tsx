'use client'
import { useNowMs } from '#app/_ui/clock.tsx'
import { formatRunning } from '#app/_ui/times.ts'

/** Runs out where nobody renews it: the last sign of that. */
const soonSeconds = 10

/** How much of a lease is left, as a small meter and in words. */
export function LeaseLeft({ since, until }: { readonly since: string; readonly until: string }) {
  const nowMs = useNowMs('second')
  const leftSeconds = (Date.parse(until) - nowMs) / 1000
  const whole = Math.max(
    1,
    (Date.parse(until) - Math.max(Date.parse(since), Date.parse(until) - 300_000)) / 1000,
  )
  const soon = leftSeconds < soonSeconds
  return (
    <span data-family={soon ? 'late' : 'wait'} className="inline-flex items-center gap-2">
      <span aria-hidden className="h-1.5 w-14 overflow-hidden rounded-[3px] bg-active">
        <span
          className="block h-full bg-(--mk)"
          style={{ width: `${Math.min(100, Math.max(0, (leftSeconds / whole) * 100))}%` }}
        />
      </span>
      <span className={soon ? 'text-(--fg) text-xs' : 'text-ink-2 text-xs'}>
        {leftSeconds <= 0 ? 'Ended' : `${formatRunning(leftSeconds)} left`}
      </span>
    </span>
  )
}
