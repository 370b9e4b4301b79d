'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Input, Textarea } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { LimitField, limitFaultOf, limitOf } from './limit-field.tsx'

export interface ShownQueue {
  readonly name: string
  readonly description: string
  readonly priority: number
  readonly concurrencyLimit: number | null
}

interface QueueDialogProps {
  readonly base: string
  readonly poolName: string
  /** null: a new one. */
  readonly queue: ShownQueue | null
  readonly onClose: () => void
}

export function QueueDialog({ base, poolName, queue, onClose }: QueueDialogProps) {
  const router = useRouter()
  const [name, setName] = useState(queue?.name ?? '')
  const [description, setDescription] = useState(queue?.description ?? '')
  const [priority, setPriority] = useState(queue ? String(queue.priority) : '')
  const [limit, setLimit] = useState(queue?.concurrencyLimit == null ? '' : String(queue.concurrencyLimit))
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const nameFault = name.trim() === '' ? 'A queue needs a name.' : null
  const priorityFault =
    priority.trim() === '' || /^[1-9]\d{0,8}$/.test(priority.trim())
      ? null
      : `Must be a whole number from 1, got ${priority}.`
  const limitFault = limitFaultOf(limit)
  const save = async () => {
    setAsked(true)
    if (nameFault || priorityFault || limitFault) return
    setBusy(true)
    const body = {
      name: name.trim(),
      description: description.trim(),
      concurrency_limit: limitOf(limit),
      ...(priority.trim() === '' ? {} : { priority: Number(priority) }),
    }
    const queues = `${apiOf(base)}/work_pools/${encodeURIComponent(poolName)}/queues`
    const sent = await (queue
      ? sendJson('PATCH', `${queues}/${encodeURIComponent(queue.name)}`, body)
      : sendJson('POST', queues, body))
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(queue ? `Saved ${body.name}.` : `Made ${body.name}.`)
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={queue ? `Edit ${queue.name}` : `New queue in ${poolName}`}
      description={queue ? undefined : 'Runs of a queue with a lower number are handed out first.'}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} busy={busy && 'Saving…'}>
            {queue ? 'Save queue' : 'Make queue'}
          </Button>
        </>
      }
    >
      <Field label="Name" error={asked ? nameFault : null}>
        {(control) => (
          <Input
            {...control}
            value={name}
            maxLength={500}
            className="max-w-90"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Priority"
        optional={queue === null}
        hint={
          queue
            ? '1 is served first; queues behind it move on.'
            : 'Empty: behind all others. 1 is served first.'
        }
        error={asked ? priorityFault : null}
      >
        {(control) => (
          <Input
            {...control}
            inputMode="numeric"
            value={priority}
            className="max-w-30"
            onChange={(event) => setPriority(event.target.value)}
          />
        )}
      </Field>
      <LimitField value={limit} onChange={setLimit} error={asked ? limitFault : null} />
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
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
