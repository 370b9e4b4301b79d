'use client'
import { X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { IconButton } from '#app/_ui/button.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Explained } from '#app/_ui/withheld.tsx'

const ConfirmDialog = dynamic(() => import('#app/_ui/confirm-dialog.tsx').then((file) => file.ConfirmDialog))

interface RemoveWorkerProps {
  readonly base: string
  readonly poolName: string
  readonly name: string
  readonly running: number
  /** Why the reader may not; null: they may. */
  readonly why: string | null
}

export function RemoveWorker({ base, poolName, name, running, why }: RemoveWorkerProps) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  if (why !== null)
    return (
      <span className="above-link">
        <Explained why={why}>
          {(describedBy) => (
            <IconButton
              label={`Forget ${name}`}
              aria-disabled
              aria-describedby={describedBy}
              className="pointer-events-auto! cursor-not-allowed border-transparent! bg-transparent!"
            >
              <X aria-hidden size={14} />
            </IconButton>
          )}
        </Explained>
      </span>
    )
  return (
    <span className="above-link">
      <IconButton label={`Forget ${name}`} onClick={() => setOpen(true)}>
        <X aria-hidden size={14} />
      </IconButton>
      {open ? (
        <ConfirmDialog
          title={`Forget ${name}?`}
          description={
            running > 0
              ? `It still holds ${running === 1 ? '1 run' : `${running} runs`}, which stay as they are. If it comes back, it is listed again.`
              : 'It is offline and holds no run. If it comes back, it is listed again.'
          }
          verb="Forget worker"
          busyVerb="Forgetting…"
          danger
          onClose={() => setOpen(false)}
          onConfirm={async () => {
            const sent = await sendJson(
              'DELETE',
              `${apiOf(base)}/work_pools/${encodeURIComponent(poolName)}/workers/${encodeURIComponent(name)}`,
            )
            if (!sent.ok) return `It is still listed: ${sent.reason}`
            toastDone(`Forgot ${name}.`)
            router.refresh()
            return null
          }}
        />
      ) : null}
    </span>
  )
}
