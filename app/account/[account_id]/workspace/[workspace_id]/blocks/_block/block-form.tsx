'use client'
import { useRouter } from 'next/navigation'
import { useMemo, useRef, useState } from 'react'
import { readSchema } from '#app/_forms/schema.ts'
import {
  allFaults,
  type BlockChoice,
  type FormValue,
  formOf,
  jsonOf,
  noFaults,
  SchemaForm,
} from '#app/_forms/schema-form.tsx'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Field, focusFirstFault, Input } from '#app/_ui/field.tsx'
import { sendText } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'

interface BlockFormProps {
  readonly base: string
  readonly typeId: string
  readonly schemaId: string
  /** JSON text of the schema. */
  readonly fields: string
  readonly secrets: readonly string[]
  readonly choices: Readonly<Record<string, readonly BlockChoice[]>>
  /** null: a new one. `data` is JSON text, secrets hidden and references as such. */
  readonly block: { readonly id: string; readonly name: string; readonly data: string } | null
}

export function BlockForm({ base, typeId, schemaId, fields, secrets, choices, block }: BlockFormProps) {
  const router = useRouter()
  const members = useMemo(() => readSchema(fields, secrets), [fields, secrets])
  const [value, setValue] = useState<FormValue>(() => formOf(block?.data ?? '{}'))
  const [name, setName] = useState(block?.name ?? '')
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const nameFault =
    name === ''
      ? 'A block needs a name.'
      : /^[a-z0-9-]+$/.test(name)
        ? null
        : `Only lower case, digits and dashes, got ${name}.`
  const faults = allFaults(members, value)
  const save = async () => {
    setAsked(true)
    setRefusal(null)
    if (faults.size > 0 || (!block && nameFault)) {
      focusFirstFault(form.current)
      return
    }
    setBusy(true)
    const documents = `${apiOf(base)}/block_documents/`
    const sent = await (block
      ? sendText<null>(
          'PATCH',
          `${documents}${block.id}`,
          `{"data":${jsonOf(value)},"block_schema_id":"${schemaId}","merge_existing_data":false}`,
        )
      : sendText<{ readonly id: string }>(
          'POST',
          documents,
          `{"name":${JSON.stringify(name)},"data":${jsonOf(value)},"block_schema_id":"${schemaId}","block_type_id":"${typeId}"}`,
        ))
    if (!sent.ok) {
      setBusy(false)
      return setRefusal(sent.reason)
    }
    toastDone(block ? `Saved ${block.name}.` : `Made ${name}.`)
    router.push(`${base}/blocks/block/${block ? block.id : (sent.body?.id ?? '')}`)
  }
  return (
    <form
      ref={form}
      className="grid max-w-160 grid-cols-1 gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      {block ? null : (
        <Field
          label="Name"
          hint="Lower case, digits and dashes. It cannot be changed later."
          error={asked ? nameFault : null}
        >
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={500}
              spellCheck={false}
              autoComplete="off"
              className="max-w-90"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
      <SchemaForm
        label="Data"
        members={members}
        value={value}
        onChange={setValue}
        faults={asked ? faults : noFaults}
        blocks={choices}
      />
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
      <div className="flex gap-2 max-sm:*:flex-1">
        <Button type="submit" kind="primary" busy={busy && 'Saving…'}>
          {block ? 'Save block' : 'Make block'}
        </Button>
        <ButtonLink href={block ? `${base}/blocks/block/${block.id}` : `${base}/blocks/catalog`}>
          Close
        </ButtonLink>
      </div>
    </form>
  )
}
