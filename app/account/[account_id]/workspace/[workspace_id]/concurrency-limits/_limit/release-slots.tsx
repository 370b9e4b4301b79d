'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'

interface ReleaseSlotsProps {
  readonly base: string
  readonly limitId: string
  readonly leaseId: string
  readonly slots: number
  readonly holder: string
  /** Why the reader may not; null: they may. */
  readonly why: string | null
}

/** Takes slots from whoever holds them. */
export function ReleaseSlots({ base, limitId, leaseId, slots, holder, why }: ReleaseSlotsProps) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const them = slots === 1 ? '1 slot' : `${slots} slots`
  if (why !== null)
    return (
      <Withheld why={why} size="sm">
        Release
      </Withheld>
    )
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        Release
      </Button>
      {open ? (
        <ConfirmDialog
          title={`Release ${them} of ${holder}?`}
          description="Whoever waits gets them at once. Their holder is not stopped: it goes on without, and for a while more may run than the limit says."
          verb="Release slots"
          busyVerb="Releasing…"
          danger
          onClose={() => setOpen(false)}
          onConfirm={async () => {
            const sent = await sendJson(
              'DELETE',
              `${apiOf(base)}/v2/concurrency_limits/${limitId}/slots/${leaseId}`,
            )
            if (!sent.ok) return `They were not released: ${sent.reason}`
            toastDone(`Released ${them} of ${holder}.`)
            router.refresh()
            return null
          }}
        />
      ) : null}
    </>
  )
}
