'use client'
import { Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'

export function DeleteBlock({
  base,
  id,
  name,
}: {
  readonly base: string
  readonly id: string
  readonly name: string
}) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button kind="danger-line" onClick={() => setOpen(true)}>
        <Trash2 aria-hidden size={14} />
        Delete block
      </Button>
      {open ? (
        <ConfirmDialog
          title={`Delete ${name}?`}
          description="Flows that load it fail from then on, and blocks that it stands in lose it. Its secrets are gone. This cannot be undone."
          verb="Delete block"
          busyVerb="Deleting…"
          danger
          typed={name}
          onClose={() => setOpen(false)}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', `${apiOf(base)}/block_documents/${id}`)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${name}.`)
            router.push(`${base}/blocks`)
            return null
          }}
        />
      ) : null}
    </>
  )
}
