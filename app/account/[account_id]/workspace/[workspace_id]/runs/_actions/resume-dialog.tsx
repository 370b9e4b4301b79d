'use client'
import { useEffect, useRef, useState } from 'react'
import { readSchema, type SchemaMember } from '#app/_forms/schema.ts'
import {
  allFaults,
  emptyForm,
  type FormValue,
  jsonOf,
  noFaults,
  SchemaForm,
} from '#app/_forms/schema-form.tsx'
import { ConfirmDialog } from '#app/_ui/confirm-dialog.tsx'
import { Markdown } from '#app/_ui/markdown.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { SkeletonRows } from '#app/_ui/skeleton.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'
import { resumeRun } from './act.ts'
import type { ActedRun } from './run-dialogs.tsx'

interface Wanted {
  readonly members: readonly SchemaMember[]
  readonly description: string | null
}

interface PausedRun {
  readonly state: {
    readonly state_details?: { readonly run_input_keyset?: Readonly<Record<string, string>> | null }
  } | null
}

/** Lets a paused run go on; with what it waits for, where it waits for input. */
export function ResumeDialog({
  api,
  run,
  onClose,
}: {
  readonly api: string
  readonly run: ActedRun
  readonly onClose: () => void
}) {
  // undefined: not known yet; null: it waits for nothing but a word.
  const [wanted, setWanted] = useState<Wanted | null | undefined>(undefined)
  const [value, setValue] = useState<FormValue>(emptyForm)
  const [faults, setFaults] = useState(noFaults)
  useEffect(() => {
    void readWanted(api, run.id).then(setWanted)
  }, [api, run.id])
  const fields = useRef<HTMLDivElement>(null)
  // What it waits for is asked for, so that is where the reader begins.
  useEffect(() => {
    if (wanted) fields.current?.querySelector<HTMLElement>('input, select, textarea')?.focus()
  }, [wanted])
  const suspended = run.stateName.toLowerCase() === 'suspended'
  return (
    <ConfirmDialog
      title={`Resume ${run.name}?`}
      description={
        wanted
          ? 'It waits for these values and goes on with them.'
          : suspended
            ? 'It starts again where it was suspended, as soon as a worker takes it.'
            : 'It goes on where it was paused.'
      }
      verb="Resume run"
      busyVerb="Resuming…"
      keep="Keep it paused"
      disabled={wanted === undefined}
      onClose={onClose}
      onConfirm={async () => {
        const found = wanted ? allFaults(wanted.members, value) : noFaults
        setFaults(found)
        if (found.size > 0)
          return found.size === 1
            ? 'One value is missing or wrong.'
            : `${found.size} values are missing or wrong.`
        const sent = await resumeRun(api, run.id, wanted ? jsonOf(value) : null)
        if (sent === null) toastDone(`Resumed ${run.name}.`)
        return sent
      }}
    >
      {wanted === undefined ? (
        <SkeletonRows rows={2} label="Reading what it waits for" />
      ) : wanted ? (
        <>
          {wanted.description ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, and must be reached by keyboard
            <section aria-label="What it asks" tabIndex={0} className="max-h-60 overflow-y-auto">
              <Markdown text={wanted.description} />
            </section>
          ) : null}
          <div ref={fields}>
            <SchemaForm
              label="Input"
              members={wanted.members}
              value={value}
              onChange={setValue}
              faults={faults}
            />
          </div>
        </>
      ) : null}
    </ConfirmDialog>
  )
}

async function readWanted(api: string, runId: string): Promise<Wanted | null> {
  const read = await sendJson<PausedRun>('GET', `${api}/flow_runs/${runId}`)
  const keys = read.ok ? read.body.state?.state_details?.run_input_keyset : null
  if (!keys?.schema) return null
  const [schema, description] = await Promise.all([
    sendJson<unknown>('GET', `${api}/flow_runs/${runId}/input/${encodeURIComponent(keys.schema)}`),
    keys.description
      ? sendJson<unknown>('GET', `${api}/flow_runs/${runId}/input/${encodeURIComponent(keys.description)}`)
      : null,
  ])
  if (!schema.ok) return null
  const text = typeof schema.body === 'string' ? schema.body : JSON.stringify(schema.body)
  return {
    members: readSchema(text),
    description: description?.ok && typeof description.body === 'string' ? description.body : null,
  }
}
