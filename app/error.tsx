'use client'
import { FailedLater } from '#app/_ui/failed-later.tsx'
import type { FailedProps } from '#app/_ui/failed-page.tsx'

export default function RootError(props: FailedProps) {
  return (
    <main className="min-h-dvh bg-surface">
      <FailedLater {...props} />
    </main>
  )
}
