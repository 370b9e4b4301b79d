'use client'
import { ArrowUpToLine, Copy, RotateCcw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem } from '#app/_ui/menu.tsx'
import { useButtonFocus } from '#app/_ui/row-focus.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import type { VersionListRow } from '#lib/control/console/read-deployment.ts'

const PromoteDialog = lateDialog(() => import('./promote-dialog.tsx').then((file) => file.PromoteDialog))

export interface VersionedDeployment {
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly flowName: string
}

interface VersionActionsProps {
  readonly base: string
  readonly deployment: VersionedDeployment
  readonly row: VersionListRow
  readonly currentNumber: number
  /** Why the reader may not change it; null: they may. */
  readonly why: string | null
}

/** Back to a version, or on with it: to another deployment of the flow. */
export function VersionActions({ base, deployment, row, currentNumber, why }: VersionActionsProps) {
  const router = useRouter()
  const [open, setOpen] = useState<'roll-back' | 'promote' | null>(null)
  const close = () => setOpen(null)
  const buttons = useRef<HTMLSpanElement>(null)
  useButtonFocus(buttons)
  return (
    <span ref={buttons} className="flex items-center justify-end gap-1">
      {row.isCurrent ? null : why === null ? (
        <Button size="sm" onClick={() => setOpen('roll-back')}>
          <RotateCcw aria-hidden size={14} />
          Roll back
        </Button>
      ) : (
        <Withheld why={why} size="sm">
          Roll back
        </Withheld>
      )}
      <DotsMenu of={`version ${row.number}`}>
        <MenuItem why={why} onSelect={() => setOpen('promote')}>
          <ArrowUpToLine aria-hidden size={14} /> Promote version
        </MenuItem>
        <MenuItem
          onSelect={() => {
            void navigator.clipboard?.writeText(row.id)
            toastDone('Copied the version ID.')
          }}
        >
          <Copy aria-hidden size={14} /> Copy version ID
        </MenuItem>
      </DotsMenu>
      {open === 'promote' ? (
        <PromoteDialog base={base} deployment={deployment} version={row} onClose={close} />
      ) : null}
      {open === 'roll-back' ? (
        <ConfirmDialog
          title={`Roll back to version ${row.number}?`}
          description={`Code, parameters, tags and job variables become what they were${row.by ? ` when ${row.by} deployed it` : ''}. Schedules, pausing and limits stay. Runs that were made ahead are made anew; what runs goes on. Version ${currentNumber} stays in the list.`}
          verb="Roll back"
          busyVerb="Rolling back…"
          keep="Close"
          onClose={close}
          onConfirm={async () => {
            const sent = await sendJson(
              'POST',
              `${apiOf(base)}/deployments/${deployment.id}/versions/${row.id}/rollback`,
              {},
            )
            if (!sent.ok) return `It was not rolled back: ${sent.reason}`
            toastDone(`It is version ${row.number} again.`)
            router.refresh()
            return null
          }}
        />
      ) : null}
    </span>
  )
}
