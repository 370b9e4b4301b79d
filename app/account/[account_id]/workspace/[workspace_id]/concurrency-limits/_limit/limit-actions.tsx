'use client'
import { Power, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone, toastFailed } from '#app/_ui/toaster.tsx'
import { Withheld } from '#app/_ui/withheld.tsx'
import type { ShownLimit } from './limit-dialog.tsx'

const LimitDialog = lateDialog(() => import('./limit-dialog.tsx').then((file) => file.LimitDialog))

export function LimitActions({
  base,
  limit,
  why,
}: {
  readonly base: string
  /** Why the reader may not change it; null: they may. */
  readonly why: string | null
  readonly limit: ShownLimit & { readonly holders: number }
}) {
  const router = useRouter()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const address = `${apiOf(base)}/v2/concurrency_limits/${limit.id}`
  const turn = async () => {
    const sent = await sendJson('PATCH', address, { active: !limit.active })
    if (!sent.ok)
      return toastFailed(`${limit.label} was not switched ${limit.active ? 'off' : 'on'}: ${sent.reason}`)
    toastDone(`${limit.label} is switched ${limit.active ? 'off' : 'on'}.`)
    router.refresh()
  }
  return (
    <>
      {why === null ? (
        <Button onClick={() => setOpen('edit')}>Edit limit</Button>
      ) : (
        <Withheld why={why}>Edit limit</Withheld>
      )}
      <DotsMenu>
        <MenuItem why={why} onSelect={() => void turn()}>
          <Power aria-hidden size={14} />
          {limit.active ? 'Switch limit off' : 'Switch limit on'}
        </MenuItem>
        <MenuRule />
        <MenuItem danger why={why} onSelect={() => setOpen('delete')}>
          <Trash2 aria-hidden size={14} /> Delete limit
        </MenuItem>
      </DotsMenu>
      {open === 'edit' ? <LimitDialog base={base} limit={limit} onClose={() => setOpen(null)} /> : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={`Delete the limit ${limit.label}?`}
          description={`${limit.holders === 0 ? 'Nobody holds a slot of it.' : `${limit.holders === 1 ? '1 holder goes' : `${limit.holders} holders go`} on without.`} Whoever waits for it may start at once. This cannot be undone.`}
          verb="Delete limit"
          busyVerb="Deleting…"
          danger
          typed={limit.label}
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', address)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${limit.label}.`)
            router.push(`${base}/concurrency-limits`)
            return null
          }}
        />
      ) : null}
    </>
  )
}
