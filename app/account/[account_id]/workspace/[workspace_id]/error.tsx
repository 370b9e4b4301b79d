'use client'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { FailedLater } from '#app/_ui/failed-later.tsx'
import type { FailedProps } from '#app/_ui/failed-page.tsx'

export default function WorkspaceError(props: FailedProps) {
  return (
    <>
      <TopBar crumbs={[{ label: 'Error' }]} />
      <main id="main" tabIndex={-1} className="page">
        <FailedLater {...props} />
      </main>
    </>
  )
}
