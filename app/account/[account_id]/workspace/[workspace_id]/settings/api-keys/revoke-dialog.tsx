'use client'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { ApiKeyRow } from '#lib/control/console/list-api-keys.ts'

interface RevokeDialogProps {
  readonly row: ApiKeyRow
  readonly onClose: () => void
  readonly onRevoked: () => void
}

export function RevokeDialog({ row, onClose, onRevoked }: RevokeDialogProps) {
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const revoke = async () => {
    setBusy(true)
    const sent = await sendJson('DELETE', `/api/me/api_keys/${row.id}`)
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(`Revoked ${row.name}.`)
    onRevoked()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Revoke ${row.name}?`}
      description={
        row.lastUsedAt === null
          ? 'Nothing has used it yet. It is refused within a second. This cannot be undone.'
          : `What uses it, last ${row.lastUsedBy ? row.lastUsedBy.split(/[\s(]/)[0] : 'a client'}, is refused within a second; open connections are closed. Its past runs stay. This cannot be undone.`
      }
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" onClick={revoke} busy={busy && 'Revoking…'}>
            Revoke key
          </Button>
        </>
      }
    >
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not revoked: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
