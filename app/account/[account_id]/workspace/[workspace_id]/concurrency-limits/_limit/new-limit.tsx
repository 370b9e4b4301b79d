'use client'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'

const LimitDialog = lateDialog(() => import('./limit-dialog.tsx').then((file) => file.LimitDialog))

export function NewLimit({ base }: { readonly base: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button kind="primary" size="sm" onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} />
        New limit
      </Button>
      {open ? <LimitDialog base={base} limit={null} onClose={() => setOpen(false)} /> : null}
    </>
  )
}
