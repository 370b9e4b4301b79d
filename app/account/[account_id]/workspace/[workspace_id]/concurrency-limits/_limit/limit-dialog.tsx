'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Input } from '#app/_ui/field.tsx'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { LimitKind } from '#lib/control/console/list-limits.ts'

export interface ShownLimit {
  readonly id: string
  readonly name: string
  readonly label: string
  readonly kind: LimitKind
  readonly slotLimit: number
  readonly active: boolean
  readonly slotDecayPerSecond: number
}

interface LimitDialogProps {
  readonly base: string
  /** null: a new one. */
  readonly limit: ShownLimit | null
  readonly onClose: () => void
}

type Of = 'name' | 'tag'

export function LimitDialog({ base, limit, onClose }: LimitDialogProps) {
  const router = useRouter()
  const [of, setOf] = useState<Of>('name')
  const [name, setName] = useState(limit?.label ?? '')
  const [slots, setSlots] = useState(limit ? String(limit.slotLimit) : '')
  const [decay, setDecay] = useState(limit?.slotDecayPerSecond ? String(limit.slotDecayPerSecond) : '')
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const mayDecay = limit ? limit.kind === 'global' || limit.kind === 'rate' : of === 'name'
  const nameFault = name.trim() === '' ? 'A limit needs a name.' : null
  const slotsFault = /^\d{1,9}$/.test(slots.trim())
    ? null
    : `Must be a whole number from 0, got ${slots || 'nothing'}.`
  const decayFault =
    decay.trim() === '' || /^\d{1,6}(\.\d{1,6})?$/.test(decay.trim())
      ? null
      : `Must be a number from 0, got ${decay}.`
  const save = async () => {
    setAsked(true)
    if (slotsFault || (mayDecay && decayFault) || (!limit && nameFault)) return
    setBusy(true)
    setRefusal(null)
    const rate = mayDecay ? { slot_decay_per_second: Number(decay || 0) } : {}
    const limits = `${apiOf(base)}/v2/concurrency_limits/`
    const sent = await (limit
      ? sendJson('PATCH', `${limits}${limit.id}`, { limit: Number(slots), ...rate })
      : of === 'tag'
        ? sendJson('POST', `${apiOf(base)}/concurrency_limits/`, {
            tag: name.trim(),
            concurrency_limit: Number(slots),
          })
        : sendJson('POST', limits, { name: name.trim(), limit: Number(slots), ...rate }))
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(limit ? `Saved ${limit.label}.` : `Made ${name.trim()}.`)
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={limit ? `Edit ${limit.label}` : 'New limit'}
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} busy={busy && 'Saving…'}>
            {limit ? 'Save limit' : 'Make limit'}
          </Button>
        </>
      }
    >
      {limit ? null : (
        <>
          <SegmentedControl
            label="Limit of"
            value={of}
            onChange={setOf}
            options={[
              { value: 'name', label: 'A name' },
              { value: 'tag', label: 'A tag' },
            ]}
            className="justify-self-start"
          />
          <Field
            label={of === 'tag' ? 'Tag' : 'Name'}
            hint={
              of === 'tag' ? 'Task runs with this tag need a slot.' : 'By which your code asks for slots.'
            }
            error={asked ? nameFault : null}
          >
            {(control) => (
              <Input
                {...control}
                value={name}
                maxLength={900}
                spellCheck={false}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      <Field label="Slots" hint="0 lets nothing start." error={asked ? slotsFault : null}>
        {(control) => (
          <Input
            {...control}
            inputMode="numeric"
            value={slots}
            className="max-w-30"
            onChange={(event) => setSlots(event.target.value)}
          />
        )}
      </Field>
      {mayDecay ? (
        <Field
          label="Come back per second"
          optional
          hint="Makes it a rate: slots come back by themselves. Empty: they are held until given back."
          error={asked ? decayFault : null}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              value={decay}
              className="max-w-30"
              onChange={(event) => setDecay(event.target.value)}
            />
          )}
        </Field>
      ) : null}
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
