'use client'
import './globals.css'
import { FailedPage, type FailedProps } from '#app/_ui/failed-page.tsx'

/** Even the layout failed: the page stands alone. */
export default function GlobalError(props: FailedProps) {
  return (
    <html lang="en">
      <body>
        <main className="min-h-dvh bg-surface">
          <FailedPage {...props} />
        </main>
      </body>
    </html>
  )
}
