'use client'
import { Pencil, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { ScheduledDeployment, ShownSchedule } from './schedule-dialog.tsx'

const ScheduleDialog = lateDialog(() => import('./schedule-dialog.tsx').then((file) => file.ScheduleDialog))

interface ScheduleMenuProps {
  readonly base: string
  readonly deployment: ScheduledDeployment
  readonly schedule: ShownSchedule
  readonly name: string
  /** Why the reader may not change it; null: they may. */
  readonly why: string | null
}

export function ScheduleMenu({ base, deployment, schedule, name, why }: ScheduleMenuProps) {
  const router = useRouter()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  return (
    <>
      <DotsMenu of={name}>
        <MenuItem why={why} onSelect={() => setOpen('edit')}>
          <Pencil aria-hidden size={14} /> Edit schedule
        </MenuItem>
        <MenuRule />
        <MenuItem danger why={why} onSelect={() => setOpen('delete')}>
          <Trash2 aria-hidden size={14} /> Delete schedule
        </MenuItem>
      </DotsMenu>
      {open === 'edit' ? (
        <ScheduleDialog
          base={base}
          deployment={deployment}
          schedule={schedule}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={schedule.slug ? `Delete the schedule ${schedule.slug}?` : 'Delete this schedule?'}
          description="It makes no more runs, and those that it made ahead are taken back. Past runs stay. A new one can be made any time."
          verb="Delete schedule"
          busyVerb="Deleting…"
          danger
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const sent = await sendJson(
              'DELETE',
              `${apiOf(base)}/deployments/${deployment.id}/schedules/${schedule.id}`,
            )
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone('Deleted the schedule.')
            router.refresh()
            return null
          }}
        />
      ) : null}
    </>
  )
}
