'use client'
import { FailedPage, type FailedProps } from '#app/_ui/failed-page.tsx'

export default function RootError(props: FailedProps) {
  return (
    <main className="min-h-dvh bg-surface">
      <FailedPage {...props} />
    </main>
  )
}
