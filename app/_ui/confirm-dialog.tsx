'use client'
import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Field, Input } from './field.tsx'

interface ConfirmDialogProps {
  /** A question. */
  readonly title: ReactNode
  /** What goes, how many, what stays, whether it can be undone. */
  readonly description: ReactNode
  readonly verb: string
  /** The verb in progress. */
  readonly busyVerb: string
  readonly keep?: string
  readonly danger?: boolean
  /** To be typed, where it cannot be undone. */
  readonly typed?: string
  /** Answers why not, or null when it is done: the dialog then closes. */
  readonly onConfirm: () => Promise<string | null>
  readonly onClose: () => void
  readonly children?: ReactNode
  readonly disabled?: boolean
}

/** Asks before something happens, and stays open with the reason when it did not. */
export function ConfirmDialog({
  title,
  description,
  verb,
  busyVerb,
  keep = 'Keep it',
  danger,
  typed,
  onConfirm,
  onClose,
  children,
  disabled,
}: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [text, setText] = useState('')
  const ready = !disabled && (typed === undefined || text.trim() === typed)
  const confirm = async () => {
    if (!ready || busy) return
    setBusy(true)
    setRefusal(null)
    const reason = await onConfirm()
    setBusy(false)
    if (reason === null) onClose()
    else setRefusal(reason)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      mayClose={() => !busy}
      title={title}
      description={description}
      width={440}
      foot={
        <>
          <Button onClick={onClose} disabled={busy}>
            {keep}
          </Button>
          <Button
            kind={danger ? 'danger' : 'primary'}
            onClick={confirm}
            disabled={!ready}
            busy={busy && busyVerb}
          >
            {verb}
          </Button>
        </>
      }
    >
      {children}
      {typed === undefined ? null : (
        <Field
          label={
            <>
              Type <span className="font-mono text-xs">{typed}</span> to confirm
            </>
          }
        >
          {(control) => (
            <Input
              {...control}
              value={text}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      )}
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}
