'use client'
import { RefreshCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { startTransition, useCallback, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { Command } from './command.tsx'
import { FullPage } from './empty.tsx'
import { ShownIcon } from './state.tsx'

export interface FailedProps {
  readonly error: Error & { readonly digest?: string }
  readonly reset: () => void
}

const waitsSeconds = [5, 10, 20, 60] as const

// Tries are counted across renders: each failed try mounts this page anew.
let tries = 0
let lastTryMs = 0

/** What stood in the way, what is not affected, what to do. Tries again by itself. Never a stack trace. */
export function FailedPage({ error, reset }: FailedProps) {
  const router = useRouter()
  const again = useCallback(() => {
    lastTryMs = Date.now()
    tries += 1
    startTransition(() => {
      router.refresh()
      reset()
    })
  }, [router, reset])
  const [left, setLeft] = useState<number>(waitsSeconds[0])
  useEffect(() => {
    if (Date.now() - lastTryMs > 120_000) tries = 0
    let seconds: number = waitsSeconds[Math.min(tries, waitsSeconds.length - 1)] ?? 60
    setLeft(seconds)
    const timer = setInterval(() => {
      seconds -= 1
      setLeft(seconds)
      if (seconds <= 0) {
        clearInterval(timer)
        again()
      }
    }, 1000)
    return () => clearInterval(timer)
  }, [again])
  return (
    <FullPage
      picture={<ShownIcon shown={{ family: 'fail', glyph: 'failed', word: '' }} size={36} />}
      title="This page could not be loaded"
    >
      <p className="text-ink-2">
        The server did not finish the answer. Your runs are not affected: they keep going and report when it
        answers.
      </p>
      <div className="flex flex-wrap justify-center gap-2">
        <Button kind="primary" onClick={again}>
          <RefreshCw aria-hidden size={14} />
          Try again
        </Button>
        <a
          href="/ready"
          className="inline-flex h-8 items-center rounded-md border border-line-strong bg-surface px-3 font-medium hover:bg-hover max-sm:h-9"
        >
          Check status
        </a>
      </div>
      <p className="text-ink-3 text-xs">
        {left > 0 ? `Trying again by itself in ${left} s.` : 'Trying again…'}
        {error.digest ? ' If you report this, include the ID.' : ''}
      </p>
      {error.digest ? (
        <Command command={error.digest} prompt="Error" label="Copy error ID" className="w-full max-w-85" />
      ) : null}
    </FullPage>
  )
}
