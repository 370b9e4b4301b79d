'use client'
import { Copy, Pause, Pencil, Play, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Locks } from '#app/_server/why-not.ts'
import { apiOf } from '#app/_ui/api-path.ts'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import type { PoolQueue } from '#lib/control/console/read-work-pool.ts'

const QueueDialog = lateDialog(() => import('./queue-dialog.tsx').then((file) => file.QueueDialog))

interface QueueMenuProps {
  readonly base: string
  readonly poolName: string
  readonly queue: PoolQueue
  readonly locks: Locks<'write' | 'remove'>
  readonly onDeleted?: 'leave'
}

export function QueueMenu({ base, poolName, queue, locks, onDeleted }: QueueMenuProps) {
  const router = useRouter()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const pool = encodeURIComponent(poolName)
  const address = `${apiOf(base)}/work_pools/${pool}/queues/${encodeURIComponent(queue.name)}`
  const turn = async () => {
    const sent = await sendJson('PATCH', address, { is_paused: !queue.isPaused })
    if (!sent.ok)
      return toastFailed(`${queue.name} was not ${queue.isPaused ? 'resumed' : 'paused'}: ${sent.reason}`)
    toastDone(
      queue.isPaused ? `${queue.name} hands out runs again.` : `Paused ${queue.name}. What runs goes on.`,
    )
    router.refresh()
  }
  return (
    <>
      <DotsMenu {...(onDeleted ? {} : { of: queue.name })}>
        <MenuItem why={locks.write} onSelect={() => void turn()}>
          {queue.isPaused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
          {queue.isPaused ? 'Resume queue' : 'Pause queue'}
        </MenuItem>
        <MenuItem why={locks.write} onSelect={() => setOpen('edit')}>
          <Pencil aria-hidden size={14} /> Edit queue
        </MenuItem>
        <MenuItem
          onSelect={() => {
            void navigator.clipboard?.writeText(queue.name)
            toastDone('Copied the name.')
          }}
        >
          <Copy aria-hidden size={14} /> Copy name
        </MenuItem>
        {queue.isDefault ? null : (
          <>
            <MenuRule />
            <MenuItem danger why={locks.remove} onSelect={() => setOpen('delete')}>
              <Trash2 aria-hidden size={14} /> Delete queue
            </MenuItem>
          </>
        )}
      </DotsMenu>
      {open === 'edit' ? (
        <QueueDialog base={base} poolName={poolName} queue={queue} onClose={() => setOpen(null)} />
      ) : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={`Delete ${queue.name}?`}
          description={`${queue.waiting === 0 ? 'No run waits in it.' : `${queue.waiting === 1 ? '1 run waits' : `${queue.waiting} runs wait`} in it and will not be handed out.`} Deployments that name it no longer have a place to run. This cannot be undone.`}
          verb="Delete queue"
          busyVerb="Deleting…"
          danger
          typed={queue.name}
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', address)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${queue.name}.`)
            if (onDeleted) router.push(`${base}/work-pools/work-pool/${pool}`)
            else router.refresh()
            return null
          }}
        />
      ) : null}
    </>
  )
}
