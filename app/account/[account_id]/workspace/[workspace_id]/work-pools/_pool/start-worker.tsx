'use client'
import { Terminal } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { Command } from '#app/_ui/command.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'

const Dialog = lateDialog(() => import('#app/_ui/dialog.tsx').then((file) => file.Dialog))

export function StartWorker({
  poolName,
  commands,
}: {
  readonly poolName: string
  readonly commands: readonly string[]
}) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        <Terminal aria-hidden size={14} />
        Start a worker
      </Button>
      {open ? (
        <Dialog
          open
          onOpenChange={setOpen}
          title={`Start a worker for ${poolName}`}
          description="On a machine of yours that is logged in to this workspace. It takes runs that are due and starts them there."
          foot={<Button onClick={() => setOpen(false)}>Close</Button>}
        >
          <div className="grid grid-cols-1 gap-2">
            {commands.map((command) => (
              <Command key={command} command={command} />
            ))}
          </div>
        </Dialog>
      ) : null}
    </>
  )
}
