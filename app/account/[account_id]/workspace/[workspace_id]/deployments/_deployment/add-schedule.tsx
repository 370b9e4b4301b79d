'use client'
import { Plus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'

const ScheduleDialog = dynamic(() => import('./schedule-dialog.tsx').then((file) => file.ScheduleDialog))

export function AddSchedule({
  base,
  deploymentId,
}: {
  readonly base: string
  readonly deploymentId: string
}) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} />
        Add schedule
      </Button>
      {open ? (
        <ScheduleDialog
          base={base}
          deploymentId={deploymentId}
          schedule={null}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  )
}
