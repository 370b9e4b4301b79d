'use client'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'

const QueueDialog = lateDialog(() => import('./queue-dialog.tsx').then((file) => file.QueueDialog))

export function AddQueue({ base, poolName }: { readonly base: string; readonly poolName: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} />
        Add queue
      </Button>
      {open ? (
        <QueueDialog base={base} poolName={poolName} queue={null} onClose={() => setOpen(false)} />
      ) : null}
    </>
  )
}
