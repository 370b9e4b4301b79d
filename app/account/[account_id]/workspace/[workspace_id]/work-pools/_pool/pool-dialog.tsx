'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Textarea } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { LimitField, limitFaultOf, limitOf } from './limit-field.tsx'
import type { ActedPool } from './pool-actions.tsx'

export function PoolDialog({
  base,
  pool,
  onClose,
}: {
  readonly base: string
  readonly pool: ActedPool
  readonly onClose: () => void
}) {
  const router = useRouter()
  const [description, setDescription] = useState(pool.description ?? '')
  const [limit, setLimit] = useState(pool.concurrencyLimit === null ? '' : String(pool.concurrencyLimit))
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const fault = limitFaultOf(limit)
  const save = async () => {
    if (fault) return
    setBusy(true)
    const sent = await sendJson('PATCH', `${apiOf(base)}/work_pools/${encodeURIComponent(pool.name)}`, {
      description: description.trim() || null,
      concurrency_limit: limitOf(limit),
    })
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(`Saved ${pool.name}.`)
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Edit ${pool.name}`}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} busy={busy && 'Saving…'}>
            Save pool
          </Button>
        </>
      }
    >
      <Field label="Description" optional>
        {(control) => (
          <Textarea
            {...control}
            rows={2}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        )}
      </Field>
      <LimitField value={limit} onChange={setLimit} error={fault} />
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
