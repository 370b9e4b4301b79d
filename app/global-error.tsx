'use client'
import './globals.css'
import { FailedLater } from '#app/_ui/failed-later.tsx'
import type { FailedProps } from '#app/_ui/failed-page.tsx'

/** Even the layout failed: the page stands alone. */
export default function GlobalError(props: FailedProps) {
  return (
    <html lang="en">
      <body>
        <main className="min-h-dvh bg-surface">
          <FailedLater {...props} />
        </main>
      </body>
    </html>
  )
}
