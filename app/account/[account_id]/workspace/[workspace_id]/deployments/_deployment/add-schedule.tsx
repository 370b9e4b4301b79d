'use client'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import type { ScheduledDeployment } from './schedule-dialog.tsx'

const ScheduleDialog = lateDialog(() => import('./schedule-dialog.tsx').then((file) => file.ScheduleDialog))

export function AddSchedule({
  base,
  deployment,
  why,
}: {
  readonly base: string
  readonly deployment: ScheduledDeployment
  /** Why the reader may not; null: they may. */
  readonly why: string | null
}) {
  const [open, setOpen] = useState(false)
  if (why !== null)
    return (
      <Withheld why={why} size="sm">
        Add schedule
      </Withheld>
    )
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} />
        Add schedule
      </Button>
      {open ? (
        <ScheduleDialog base={base} deployment={deployment} schedule={null} onClose={() => setOpen(false)} />
      ) : null}
    </>
  )
}
