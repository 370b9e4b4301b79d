'use client'
import { useRouter } from 'next/navigation'
import { useRef } from 'react'
import { latestFlowRuns } from '#app/_live/fold.ts'
import { useChanges } from '#app/_live/live.tsx'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import { matchesRun } from './query.ts'

/** On a page that says there is nothing: the first run that would be there makes it a list. */
export function RefreshOnRun({ filter }: { readonly filter: RunFilter }) {
  const router = useRouter()
  const asked = useRef(false)
  useChanges((changes) => {
    if (asked.current) return
    for (const run of latestFlowRuns(changes).values()) {
      if (run && matchesRun(filter, run)) {
        asked.current = true
        router.refresh()
        return
      }
    }
  })
  return null
}
