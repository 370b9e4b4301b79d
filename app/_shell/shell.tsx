import type { ReactNode } from 'react'
import { LiveProvider } from '#app/_live/live.tsx'
import { BottomBar } from './bottom-bar.tsx'
import type { Place } from './places.ts'
import { Shortcuts } from './shortcuts.tsx'
import { Sidebar } from './sidebar.tsx'

export interface Reader {
  readonly name: string
  readonly handle: string
}

interface ShellProps {
  readonly base: string
  readonly livePath: string
  readonly liveCursor: string
  readonly places: readonly Place[]
  readonly reader: Reader
  readonly children: ReactNode
}

/** Sidebar on canvas, main on surface behind one hairline; folded to icons on tablets, a bottom bar on phones. */
export function Shell({ base, livePath, liveCursor, places, reader, children }: ShellProps) {
  return (
    <LiveProvider path={livePath} cursor={liveCursor}>
      <a
        href="#main"
        className="sr-only z-40 rounded-md bg-solid px-3 py-2 font-medium text-on-solid focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <div className="min-h-dvh max-sm:pb-14 sm:grid sm:grid-cols-[52px_minmax(0,1fr)] lg:grid-cols-[var(--sidebar)_minmax(0,1fr)]">
        <Sidebar base={base} places={places} reader={reader} />
        <div className="flex min-w-0 flex-col border-line bg-surface sm:border-l max-sm:min-h-[calc(100dvh-56px)]">
          {children}
        </div>
      </div>
      <BottomBar base={base} places={places} reader={reader} />
      <Shortcuts base={base} />
    </LiveProvider>
  )
}
