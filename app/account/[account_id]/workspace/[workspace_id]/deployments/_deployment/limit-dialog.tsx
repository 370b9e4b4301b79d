'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Input, Select } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { ActedDeployment } from './deployment-menu.tsx'

interface LimitDialogProps {
  readonly base: string
  readonly deployment: ActedDeployment
  readonly onClose: () => void
}

/** How many runs of a deployment execute at once, and what becomes of the others. */
export function LimitDialog({ base, deployment, onClose }: LimitDialogProps) {
  const router = useRouter()
  const [limit, setLimit] = useState(deployment.limit == null ? '' : String(deployment.limit))
  const [collision, setCollision] = useState(deployment.collision ?? 'ENQUEUE')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const fault =
    limit.trim() === '' || /^[1-9]\d{0,8}$/.test(limit.trim())
      ? null
      : `Must be a whole number from 1, got ${limit}.`
  const save = async () => {
    if (fault) return
    setBusy(true)
    const sent = await sendJson('PATCH', `${apiOf(base)}/deployments/${deployment.id}`, {
      concurrency_limit: limit.trim() === '' ? null : Number(limit),
      ...(limit.trim() === '' ? {} : { concurrency_options: { collision_strategy: collision } }),
    })
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(
      limit.trim() === ''
        ? `${deployment.name} has no limit.`
        : `At most ${limit.trim()} of ${deployment.name} run at once.`,
    )
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Limit the runs of ${deployment.name}`}
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} busy={busy && 'Saving…'}>
            Save limit
          </Button>
        </>
      }
    >
      <Field label="Runs at once" optional hint="Empty: no limit." error={fault}>
        {(control) => (
          <Input
            {...control}
            inputMode="numeric"
            value={limit}
            className="max-w-30"
            onChange={(event) => setLimit(event.target.value)}
          />
        )}
      </Field>
      <Field label="A run that finds no free slot">
        {(control) => (
          <Select
            {...control}
            value={collision}
            className="max-w-90"
            onChange={(event) => setCollision(event.target.value === 'CANCEL_NEW' ? 'CANCEL_NEW' : 'ENQUEUE')}
          >
            <option value="ENQUEUE">waits for one</option>
            <option value="CANCEL_NEW">is cancelled</option>
          </Select>
        )}
      </Field>
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
