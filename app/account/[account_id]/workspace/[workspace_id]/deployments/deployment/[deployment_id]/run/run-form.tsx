'use client'
import { Play } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useMemo, useRef, useState } from 'react'
import { readSchema } from '#app/_forms/schema.ts'
import { allFaults, type FormValue, formOf, jsonOf, noFaults, SchemaForm } from '#app/_forms/schema-form.tsx'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Card } from '#app/_ui/card.tsx'
import { Field, focusFirstFault, Input, Textarea } from '#app/_ui/field.tsx'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import { sendText } from '#app/_ui/send-json.ts'
import { toastDone } from '#app/_ui/toaster.tsx'
import { parseLosslessObject } from '#lib/domain/lossless-json.ts'

interface RunFormProps {
  readonly base: string
  readonly deploymentId: string
  readonly schema: string | null
  /** JSON text of an object. */
  readonly parameters: string
  readonly enforced: boolean
  readonly tags: readonly string[]
  readonly jobVariables: string
}

export function RunForm({
  base,
  deploymentId,
  schema,
  parameters,
  enforced,
  tags: given,
  jobVariables,
}: RunFormProps) {
  const router = useRouter()
  const members = useMemo(() => (schema ? readSchema(schema) : []), [schema])
  const [value, setValue] = useState<FormValue>(() => formOf(parameters))
  const [asked, setAsked] = useState(false)
  const [name, setName] = useState('')
  const [when, setWhen] = useState<'now' | 'later'>('now')
  const [at, setAt] = useState('')
  const [tags, setTags] = useState(given.join(', '))
  const [variables, setVariables] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  // Where the schema is not enforced, what does not fit may be sent; what cannot be read may not.
  const faults = enforced ? allFaults(members, value) : value.unread
  const atMs = Date.parse(at)
  const atFault = when === 'later' && (Number.isNaN(atMs) ? 'Choose a time.' : null)
  const variablesFault = variables.trim() !== '' && !isObjectText(variables) ? 'Must be a JSON object.' : null
  const run = async () => {
    setAsked(true)
    setRefusal(null)
    if (faults.size > 0 || atFault || variablesFault) {
      focusFirstFault(form.current)
      return
    }
    setBusy(true)
    const state =
      when === 'later'
        ? `,"state":${JSON.stringify({ type: 'SCHEDULED', state_details: { scheduled_time: new Date(atMs).toISOString() } })}`
        : ''
    const tagList = [
      ...new Set(
        tags
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean),
      ),
    ]
    const body = `{"parameters":${jsonOf(value)}${name.trim() ? `,"name":${JSON.stringify(name.trim())}` : ''}${tagList.length > 0 ? `,"tags":${JSON.stringify(tagList)}` : ''}${variables.trim() ? `,"job_variables":${variables}` : ''}${state}}`
    const sent = await sendText<{ readonly id: string; readonly name: string }>(
      'POST',
      `${apiOf(base)}/deployments/${deploymentId}/create_flow_run`,
      body,
    )
    if (!sent.ok) {
      setBusy(false)
      return setRefusal(sent.reason)
    }
    toastDone(`Made the run ${sent.body.name}.`)
    router.push(`${base}/runs/flow-run/${sent.body.id}`)
  }
  return (
    <form
      ref={form}
      className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_360px]"
      onSubmit={(event) => {
        event.preventDefault()
        void run()
      }}
    >
      <Card title="Parameters">
        <div className="p-4">
          {members.length === 0 && parameters === '{}' ? (
            <p className="mb-3 text-ink-3">The deployment says of no parameter that the flow takes.</p>
          ) : null}
          <SchemaForm
            label="Parameters"
            members={members}
            value={value}
            onChange={setValue}
            faults={asked ? faults : noFaults}
          />
        </div>
      </Card>
      <div className="grid gap-4">
        <Card title="Run">
          <div className="grid gap-4 p-4">
            <Field label="Name" optional hint="Empty: one is made up.">
              {(control) => (
                <Input
                  {...control}
                  value={name}
                  maxLength={1000}
                  autoComplete="off"
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <div>
              <SegmentedControl
                label="When"
                value={when}
                onChange={setWhen}
                options={[
                  { value: 'now', label: 'Now' },
                  { value: 'later', label: 'Later' },
                ]}
              />
              {when === 'later' ? (
                <div className="mt-3">
                  <Field
                    label="Starts at"
                    hint="In your own time zone."
                    error={asked && atFault ? atFault : null}
                  >
                    {(control) => (
                      <Input
                        {...control}
                        type="datetime-local"
                        value={at}
                        onChange={(event) => setAt(event.target.value)}
                      />
                    )}
                  </Field>
                </div>
              ) : null}
            </div>
            <Field label="Tags" optional hint="Separated by commas.">
              {(control) => (
                <Input {...control} value={tags} onChange={(event) => setTags(event.target.value)} />
              )}
            </Field>
            <details>
              <summary className="cursor-pointer text-ink-2">Job variables</summary>
              <div className="mt-3">
                <Field
                  label="Of this run alone"
                  optional
                  hint={
                    jobVariables === '{}'
                      ? 'A JSON object; the pool has the defaults.'
                      : 'A JSON object; the deployment has its own.'
                  }
                  error={asked ? variablesFault : null}
                >
                  {(control) => (
                    <Textarea
                      {...control}
                      rows={3}
                      spellCheck={false}
                      value={variables}
                      className="font-mono text-xs"
                      onChange={(event) => setVariables(event.target.value)}
                    />
                  )}
                </Field>
              </div>
            </details>
          </div>
        </Card>
        {refusal ? (
          <p role="alert" className="text-state-fail-fg text-xs [overflow-wrap:anywhere]">
            It was not run: {refusal}
          </p>
        ) : null}
        <div className="flex justify-end gap-2 max-sm:*:flex-1">
          <ButtonLink href={`${base}/deployments/deployment/${deploymentId}`}>Close</ButtonLink>
          <Button type="submit" kind="primary" busy={busy && 'Starting…'}>
            <Play aria-hidden size={14} />
            {when === 'now' ? 'Run' : 'Schedule run'}
          </Button>
        </div>
      </div>
    </form>
  )
}

function isObjectText(json: string): boolean {
  try {
    return parseLosslessObject(json) !== null
  } catch {
    return false
  }
}
