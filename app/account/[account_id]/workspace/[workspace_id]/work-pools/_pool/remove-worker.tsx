'use client'
import { X } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button, IconButton } from '#app/_ui/button.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Explained, Withheld } from '#app/_ui/withheld.tsx'

interface RemoveWorkerProps {
  readonly base: string
  readonly poolName: string
  readonly name: string
  readonly running: number
  /** On its own page there is room for the word, and nothing to come back to. */
  readonly onPage?: true
  /** Why the reader may not; null: they may. */
  readonly why: string | null
}

export function RemoveWorker({ base, poolName, name, running, onPage, why }: RemoveWorkerProps) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  if (why !== null && onPage) return <Withheld why={why}>Forget worker</Withheld>
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
      {onPage ? (
        <Button kind="danger-line" onClick={() => setOpen(true)}>
          Forget worker
        </Button>
      ) : (
        <IconButton label={`Forget ${name}`} onClick={() => setOpen(true)}>
          <X aria-hidden size={14} />
        </IconButton>
      )}
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
            if (onPage) router.push(`${base}/work-pools/work-pool/${encodeURIComponent(poolName)}`)
            else router.refresh()
            return null
          }}
        />
      ) : null}
    </span>
  )
}
