'use client'
import { Plus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'

const VariableDialog = dynamic(() => import('./variable-dialog.tsx').then((file) => file.VariableDialog))

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
