'use client'
import { Copy, Pause, Pencil, Play, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Locks } from '#app/_server/why-not.ts'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'

const PoolDialog = lateDialog(() => import('./pool-dialog.tsx').then((file) => file.PoolDialog))

export interface ActedPool {
  readonly name: string
  readonly description: string | null
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  readonly queues: number
  readonly deployments: number
}

export function PoolActions({
  base,
  pool,
  locks,
}: {
  readonly base: string
  readonly pool: ActedPool
  readonly locks: Locks<'write' | 'remove'>
}) {
  const router = useRouter()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const [busy, setBusy] = useState(false)
  const address = `${apiOf(base)}/work_pools/${encodeURIComponent(pool.name)}`
  const turn = async () => {
    setBusy(true)
    const sent = await sendJson('PATCH', address, { is_paused: !pool.isPaused })
    setBusy(false)
    if (!sent.ok)
      return toastFailed(`${pool.name} was not ${pool.isPaused ? 'resumed' : 'paused'}: ${sent.reason}`)
    toastDone(
      pool.isPaused ? `${pool.name} hands out runs again.` : `Paused ${pool.name}. What runs goes on.`,
    )
    router.refresh()
  }
  const word = pool.isPaused ? 'Resume pool' : 'Pause pool'
  const Icon = pool.isPaused ? Play : Pause
  return (
    <>
      {locks.write === null ? (
        <Button onClick={turn} busy={busy && (pool.isPaused ? 'Resuming…' : 'Pausing…')}>
          <Icon aria-hidden size={14} />
          {word}
        </Button>
      ) : (
        <Withheld why={locks.write}>{word}</Withheld>
      )}
      <DotsMenu>
        <MenuItem why={locks.write} onSelect={() => setOpen('edit')}>
          <Pencil aria-hidden size={14} /> Edit pool
        </MenuItem>
        <MenuItem
          onSelect={() => {
            void navigator.clipboard?.writeText(pool.name)
            toastDone('Copied the name.')
          }}
        >
          <Copy aria-hidden size={14} /> Copy name
        </MenuItem>
        <MenuRule />
        <MenuItem danger why={locks.remove} onSelect={() => setOpen('delete')}>
          <Trash2 aria-hidden size={14} /> Delete pool
        </MenuItem>
      </DotsMenu>
      {open === 'edit' ? <PoolDialog base={base} pool={pool} onClose={() => setOpen(null)} /> : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={`Delete ${pool.name}?`}
          description={`Its ${pool.queues === 1 ? 'queue goes' : `${pool.queues} queues go`} with it. ${pool.deployments === 0 ? 'No deployment waits in it.' : `${pool.deployments === 1 ? '1 deployment stays' : `${pool.deployments} deployments stay`} and no longer ${pool.deployments === 1 ? 'has' : 'have'} a place to run.`} Past runs stay. This cannot be undone.`}
          verb="Delete pool"
          busyVerb="Deleting…"
          danger
          typed={pool.name}
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', address)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${pool.name}.`)
            router.push(`${base}/work-pools`)
            return null
          }}
        />
      ) : null}
    </>
  )
}
