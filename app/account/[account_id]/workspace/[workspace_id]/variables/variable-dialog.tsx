'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { prettyLossless } from '#app/_forms/schema.ts'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Field, Input, Textarea } from '#app/_ui/field.tsx'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import { sendText } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { type Lossless, parseLossless } from '#lib/domain/lossless-json.ts'

export interface VariableShown {
  readonly id: string
  readonly name: string
  readonly value: string
  readonly tags: readonly string[]
}

interface VariableDialogProps {
  readonly base: string
  /** null: a new one. */
  readonly row: VariableShown | null
  readonly onClose: () => void
}

type Kind = 'text' | 'json'

const startOf = (value: string | undefined): { readonly kind: Kind; readonly text: string } => {
  if (value === undefined) return { kind: 'text', text: '' }
  const read: Lossless = parseLossless(value)
  return typeof read === 'string'
    ? { kind: 'text', text: read }
    : { kind: 'json', text: prettyLossless(read) }
}

const mostCharacters = 5000

export function VariableDialog({ base, row, onClose }: VariableDialogProps) {
  const router = useRouter()
  const [start] = useState(() => startOf(row?.value))
  const [name, setName] = useState(row?.name ?? '')
  const [kind, setKind] = useState<Kind>(start.kind)
  const [text, setText] = useState(start.text)
  const [tags, setTags] = useState((row?.tags ?? []).join(', '))
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const nameFault = nameFaultOf(name)
  const valueFault = valueFaultOf(kind, text)

  const save = async () => {
    setAsked(true)
    setRefusal(null)
    if (nameFault || valueFault) return
    setBusy(true)
    const value = kind === 'text' ? JSON.stringify(text) : text
    const given = [
      ...new Set(
        tags
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean),
      ),
    ]
    const body = `{"name":${JSON.stringify(name)},"value":${value},"tags":${JSON.stringify(given)}}`
    const sent = await (row
      ? sendText('PATCH', `${apiOf(base)}/variables/${row.id}`, body)
      : sendText('POST', `${apiOf(base)}/variables/`, body))
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(row ? `Saved ${name}.` : `Made ${name}.`)
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={row ? `Change ${row.name}` : 'New variable'}
      description={
        row
          ? 'Flows read the new value the next time they ask for it.'
          : 'Every flow of this workspace can read it by its name.'
      }
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} busy={busy && 'Saving…'}>
            {row ? 'Save variable' : 'Make variable'}
          </Button>
        </>
      }
    >
      <Field label="Name" hint="Lower case, digits and underscores." error={asked ? nameFault : null}>
        {(control) => (
          <Input
            {...control}
            value={name}
            maxLength={255}
            spellCheck={false}
            autoComplete="off"
            className="max-w-90 font-mono text-xs"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <div>
        <SegmentedControl
          label="Kind of value"
          value={kind}
          onChange={setKind}
          options={[
            { value: 'text', label: 'Text' },
            { value: 'json', label: 'JSON' },
          ]}
          className="mb-3"
        />
        <Field
          label="Value"
          hint={`${text.length.toLocaleString('en-US')} of ${mostCharacters.toLocaleString('en-US')} characters. Not for secrets: whoever sees the workspace sees it.`}
          error={asked ? valueFault : null}
        >
          {(control) => (
            <Textarea
              {...control}
              rows={kind === 'json' ? 8 : 3}
              value={text}
              spellCheck={false}
              className={kind === 'json' ? 'font-mono text-xs' : undefined}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      </div>
      <Field label="Tags" optional hint="Separated by commas.">
        {(control) => <Input {...control} value={tags} onChange={(event) => setTags(event.target.value)} />}
      </Field>
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}

const nameFaultOf = (name: string): string | null => {
  if (name === '') return 'A variable needs a name.'
  return /^[a-z0-9_]+$/.test(name) ? null : `Only lower case, digits and underscores, got ${name}.`
}

function valueFaultOf(kind: Kind, text: string): string | null {
  if (kind === 'text') return null
  try {
    parseLossless(text)
    return null
  } catch {
    return 'Not JSON. Texts stand in double quotes; for plain text choose Text above.'
  }
}
