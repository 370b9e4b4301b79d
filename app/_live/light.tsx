'use client'
import { Unplug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useNowMs, useZone } from '#app/_ui/clock.tsx'
import { Note } from '#app/_ui/note.tsx'
import { formatInstant } from '#app/_ui/times.ts'
import { useLiveStatus, useReconnect } from './live.tsx'

/** The small light by your name: live, or not. */
export function LiveLight({ lone }: { readonly lone?: boolean }) {
  const status = useLiveStatus()
  const live = status.kind === 'live'
  const word = live ? 'Live' : status.kind === 'cut' ? 'Not live' : 'Connecting'
  return (
    <span
      className="inline-flex flex-none items-center gap-1.5 whitespace-nowrap text-ink-3 text-xs"
      title={live ? 'Updates arrive as they happen' : word}
    >
      <span
        aria-hidden
        className={`size-1.5 rounded-full forced-color-adjust-none ${live ? 'bg-state-good' : 'bg-state-wait'}`}
      />
      <span className={lone ? 'sr-only' : undefined}>{word}</span>
    </span>
  )
}

/** A grey note on top once the stream has been cut for two seconds; it goes away by itself. */
export function NotLiveNote() {
  const status = useLiveStatus()
  const cut = status.kind === 'cut'
  const [shown, setShown] = useState(false)
  useEffect(() => {
    if (!cut) {
      setShown(false)
      return
    }
    const timer = setTimeout(() => setShown(true), 2000)
    return () => clearTimeout(timer)
  }, [cut])
  if (!shown || status.kind !== 'cut') return null
  return (
    <div className="px-(--gutter) pt-3">
      <Note family="wait" role="status" icon={<Unplug size={16} />}>
        <NotLiveWords sinceMs={status.sinceMs} nextTryMs={status.nextTryMs} />
      </Note>
    </div>
  )
}

function NotLiveWords({ sinceMs, nextTryMs }: { readonly sinceMs: number; readonly nextTryMs: number }) {
  const zone = useZone()
  const nowMs = useNowMs('second')
  const reconnect = useReconnect()
  const seconds = Math.max(0, Math.ceil((nextTryMs - nowMs) / 1000))
  return (
    <>
      <b className="font-medium">Not live.</b>{' '}
      <span aria-hidden>{seconds > 0 ? `Reconnecting in ${seconds} s.` : 'Reconnecting…'}</span> What you see
      is from {formatInstant(sinceMs, nowMs, zone)}.{' '}
      <button type="button" className="link" onClick={reconnect}>
        Reconnect
      </button>
    </>
  )
}
