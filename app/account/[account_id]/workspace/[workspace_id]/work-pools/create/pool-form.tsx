'use client'
import { useRouter } from 'next/navigation'
import { useMemo, useRef, useState } from 'react'
import { readSchema } from '#app/_forms/schema.ts'
import { allFaults, emptyForm, type FormValue, SchemaForm } from '#app/_forms/schema-form.tsx'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Field, focusFirstFault, Input, Textarea } from '#app/_ui/field.tsx'
import { sendText } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import {
  isObject,
  type LosslessObject,
  parseLosslessObject,
  writeLossless,
} from '#lib/domain/lossless-json.ts'
import { LimitField, limitFaultOf, limitOf } from '../_pool/limit-field.tsx'

interface PoolType {
  readonly type: string
  readonly name: string
  readonly description: string
  /** JSON text. */
  readonly template: string
  readonly variables: string
}

export function PoolForm({ base, types }: { readonly base: string; readonly types: readonly PoolType[] }) {
  const router = useRouter()
  const [type, setType] = useState<PoolType | undefined>(
    types.find((each) => each.type === 'process') ?? types[0],
  )
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [limit, setLimit] = useState('')
  const [value, setValue] = useState<FormValue>(emptyForm)
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  // What is left empty keeps the default of the type, and is needed by nobody here.
  const members = useMemo(
    () =>
      readSchema(type?.variables ?? '{}').map((member) => ({
        ...member,
        field: { ...member.field, required: false },
      })),
    [type],
  )
  const nameFault =
    name.trim() === ''
      ? 'A work pool needs a name.'
      : /[/%&<>]/.test(name)
        ? 'None of / % & < > may stand in it.'
        : null
  const limitFault = limitFaultOf(limit)
  const faults = allFaults(members, value)
  const make = async () => {
    setAsked(true)
    setRefusal(null)
    if (!type || nameFault || limitFault || faults.size > 0) {
      focusFirstFault(form.current)
      return
    }
    setBusy(true)
    const sent = await sendText(
      'POST',
      `${apiOf(base)}/work_pools/`,
      `{"name":${JSON.stringify(name.trim())},"type":${JSON.stringify(type.type)},"description":${JSON.stringify(description.trim() || null)},"concurrency_limit":${JSON.stringify(limitOf(limit))},"base_job_template":${withDefaults(type.template, value.values)}}`,
    )
    if (!sent.ok) {
      setBusy(false)
      return setRefusal(sent.reason)
    }
    toastDone(`Made ${name.trim()}.`)
    router.push(`${base}/work-pools/work-pool/${encodeURIComponent(name.trim())}`)
  }
  return (
    <form
      ref={form}
      className="grid grid-cols-1 gap-6"
      onSubmit={(event) => {
        event.preventDefault()
        void make()
      }}
    >
      <fieldset>
        <legend className="mb-2 font-medium">Type</legend>
        <div className="grid grid-cols-1 gap-2 sm:grid-cols-2 xl:grid-cols-3">
          {types.map((each) => (
            <label
              key={each.type}
              className="relative block cursor-pointer rounded-lg border border-line p-3 hover:bg-hover has-checked:border-accent has-checked:bg-accent-tint has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2"
            >
              <input
                type="radio"
                name="type"
                value={each.type}
                checked={each.type === type?.type}
                onChange={() => {
                  setType(each)
                  setValue(emptyForm)
                }}
                className="absolute inset-0 size-full cursor-pointer appearance-none outline-none"
              />
              <span className="block font-medium">{each.name}</span>
              <span className="mt-0.5 block text-ink-3 text-xs">{each.description}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div className="grid max-w-160 grid-cols-1 gap-4">
        <Field label="Name" error={asked ? nameFault : null}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={500}
              autoComplete="off"
              className="max-w-90"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
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
        <LimitField value={limit} onChange={setLimit} error={asked ? limitFault : null} />
        <details>
          <summary className="cursor-pointer font-medium">What its runs are started with</summary>
          <p className="mt-1 mb-3 text-ink-3 text-xs">
            Defaults for every run of the pool; a deployment may set its own. What is left empty is as the
            type has it.
          </p>
          <SchemaForm
            key={type?.type}
            label="Job variables"
            members={members}
            value={value}
            onChange={setValue}
            faults={asked ? faults : new Map()}
          />
        </details>
        {refusal ? (
          <p role="alert" className="text-state-fail-fg text-xs">
            It was not made: {refusal}
          </p>
        ) : null}
        <div className="flex gap-2 max-sm:*:flex-1">
          <Button type="submit" kind="primary" busy={busy && 'Making…'}>
            Make work pool
          </Button>
          <ButtonLink href={`${base}/work-pools`}>Close</ButtonLink>
        </div>
      </div>
    </form>
  )
}

/** The type's template with these values as the defaults of its variables. */
function withDefaults(template: string, values: LosslessObject): string {
  const root = parseLosslessObject(template)
  const variables = root?.get('variables')
  const properties = isObject(variables) ? variables.get('properties') : undefined
  if (!root || !isObject(variables) || !isObject(properties)) return template
  const changed: LosslessObject = new Map(
    [...properties].map(([name, property]) => {
      const value = values.get(name)
      return [
        name,
        value === undefined || !isObject(property) ? property : new Map([...property, ['default', value]]),
      ]
    }),
  )
  return writeLossless(new Map([...root, ['variables', new Map([...variables, ['properties', changed]])]]))
}
