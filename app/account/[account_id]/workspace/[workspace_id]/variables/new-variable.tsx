'use client'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'

const VariableDialog = lateDialog(() => import('./variable-dialog.tsx').then((file) => file.VariableDialog))

export function NewVariable({ base }: { readonly base: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button kind="primary" size="sm" onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} />
        New variable
      </Button>
      {open ? <VariableDialog base={base} row={null} onClose={() => setOpen(false)} /> : null}
    </>
  )
}
