'use client'
import { lazy } from 'react'
import type { FailedProps } from './failed-page.tsx'

/**
 * The page of a failure, fetched when something fails: every page names it, and few visits see it. Whoever cannot fetch it
 * either is told so without it.
 */
export const FailedLater = lazy(() =>
  import('./failed-page.tsx').then(
    (file) => ({ default: file.FailedPage }),
    () => ({ default: FailedBare }),
  ),
)

function FailedBare(_: FailedProps) {
  return (
    <div className="px-4 pt-[15vh] text-center">
      <h1 className="font-semibold text-xl">This page could not be loaded</h1>
      <p className="mt-3 text-ink-2">
        The server does not answer. Your runs are not affected: they keep going and report when it does.
      </p>
      <button type="button" className="link mt-3" onClick={() => window.location.reload()}>
        Try again
      </button>
    </div>
  )
}
