'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef } from 'react'
import { useChanges } from '#app/_live/live.tsx'

/** A run that shows its progress as an artifact changes it all the time. */
const pauseMs = 1000

/** What the run makes to be read is rendered on the server: read anew when it makes more, changes it or takes it back. */
export function RefreshOnArtifact({ flowRunId }: { readonly flowRunId: string }) {
  const router = useRouter()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const lastMs = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])
  useChanges((changes) => {
    const ours = changes.some(
      (change) => change.kind === 'object' && change.noun === 'artifact' && change.flowRunId === flowRunId,
    )
    if (!ours || timer.current !== undefined) return
    timer.current = setTimeout(
      () => {
        timer.current = undefined
        lastMs.current = Date.now()
        router.refresh()
      },
      Math.max(100, pauseMs - (Date.now() - lastMs.current)),
    )
  })
  return null
}
