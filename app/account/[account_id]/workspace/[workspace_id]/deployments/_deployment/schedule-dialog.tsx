'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useId, useMemo, useState } from 'react'
import { readSchema, withFallbacks } from '#app/_forms/schema.ts'
import { allFaults, type FormValue, formOf, jsonOf, noFaults, SchemaForm } from '#app/_forms/schema-form.tsx'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { useZone } from '#app/_ui/clock.tsx'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '#app/_ui/field.tsx'
import { SegmentedControl } from '#app/_ui/segmented.tsx'
import { sendJson, sendText } from '#app/_ui/send-json.ts'
import { Time } from '#app/_ui/time.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { CatchUpPolicy } from '#lib/domain/schedules/catch-up.ts'

export interface ShownSchedule {
  readonly id: string
  readonly slug: string | null
  readonly schedule: Readonly<Record<string, unknown>>
  readonly active: boolean
  /** JSON text of an object. */
  readonly parameters: string
  readonly catchUp: CatchUpPolicy
}

/** What its schedules need to know of a deployment. */
export interface ScheduledDeployment {
  readonly id: string
  /** JSON texts of objects. */
  readonly parameterSchema: string | null
  readonly parameters: string
  readonly enforced: boolean
}

interface ScheduleDialogProps {
  readonly base: string
  readonly deployment: ScheduledDeployment
  /** null: a new one. */
  readonly schedule: ShownSchedule | null
  readonly onClose: () => void
}

type Kind = 'cron' | 'interval' | 'rrule'

interface Draft {
  readonly kind: Kind
  readonly cron: string
  readonly dayOr: boolean
  readonly every: string
  readonly unit: keyof typeof units
  readonly anchor: string
  readonly rrule: string
  readonly zone: string
}

const units = { minutes: 60, hours: 3600, days: 86_400 } as const

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function draftOf(stored: Readonly<Record<string, unknown>> | undefined, zone: string): Draft {
  const seconds = Number(stored?.interval ?? 3600)
  const unit = seconds % 86_400 === 0 ? 'days' : seconds % 3600 === 0 ? 'hours' : 'minutes'
  return {
    kind: stored?.rrule ? 'rrule' : stored?.interval ? 'interval' : 'cron',
    cron: text(stored?.cron) || '0 6 * * *',
    dayOr: stored?.day_or !== false,
    every: String(Math.max(1, seconds / units[unit])),
    unit,
    anchor: text(stored?.anchor_date),
    rrule: text(stored?.rrule) || 'FREQ=WEEKLY;BYDAY=MO,WE,FR;BYHOUR=6;BYMINUTE=0;BYSECOND=0',
    zone: text(stored?.timezone) || (stored ? 'UTC' : zone),
  }
}

function scheduleOf(draft: Draft): Record<string, unknown> {
  switch (draft.kind) {
    case 'cron':
      return { cron: draft.cron.trim(), timezone: draft.zone, day_or: draft.dayOr }
    case 'interval':
      return {
        interval: Number(draft.every) * units[draft.unit],
        timezone: draft.zone,
        ...(draft.anchor.trim() ? { anchor_date: draft.anchor.trim() } : {}),
      }
    case 'rrule':
      return { rrule: draft.rrule.trim(), timezone: draft.zone }
  }
}

interface Preview {
  readonly description: string
  readonly times: readonly string[]
  readonly is_over: boolean
}

const catchUps = [
  { kind: 'late', words: 'Run late what was scheduled' },
  { kind: 'none', words: 'Skip all' },
  { kind: 'latest', words: 'Run the latest only' },
  { kind: 'all', words: 'Run all, oldest first' },
  { kind: 'last', words: 'Run the last few' },
] as const

const membersOf = ({ parameterSchema, parameters }: ScheduledDeployment) =>
  withFallbacks(parameterSchema ? readSchema(parameterSchema) : [], formOf(parameters).values)

export function ScheduleDialog({ base, deployment, schedule, onClose }: ScheduleDialogProps) {
  const router = useRouter()
  const here = useZone()
  const [draft, setDraft] = useState(() => draftOf(schedule?.schedule, here))
  const [slug, setSlug] = useState(schedule?.slug ?? '')
  const [active, setActive] = useState(schedule?.active ?? true)
  const [kind, setKind] = useState<CatchUpPolicy['kind']>(schedule?.catchUp.kind ?? 'late')
  const [count, setCount] = useState(String(schedule?.catchUp.kind === 'last' ? schedule.catchUp.count : 3))
  const members = useMemo(() => membersOf(deployment), [deployment])
  const [parameters, setParameters] = useState<FormValue>(() => formOf(schedule?.parameters ?? '{}'))
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }))
  const preview = usePreview(`${apiOf(base)}/deployments/schedules/preview`, draft)
  // Where the schema is not enforced, what does not fit may be saved; what cannot be read may not.
  const faults = deployment.enforced ? allFaults(members, parameters) : parameters.unread
  const save = async () => {
    setAsked(true)
    if (faults.size > 0) return
    setBusy(true)
    setRefusal(null)
    const body = `{"schedule":${JSON.stringify(scheduleOf(draft))},"active":${active},"slug":${JSON.stringify(slug.trim() || null)},"catch_up":${JSON.stringify(kind === 'last' ? { kind, count: Number(count) || 1 } : { kind })},"parameters":${jsonOf(parameters)}}`
    const schedules = `${apiOf(base)}/deployments/${deployment.id}/schedules`
    const sent = await (schedule
      ? sendText('PATCH', `${schedules}/${schedule.id}`, body)
      : sendText('POST', schedules, `[${body}]`))
    setBusy(false)
    if (!sent.ok) return setRefusal(sent.reason)
    toastDone(schedule ? 'Saved the schedule.' : 'Added the schedule.')
    router.refresh()
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={schedule ? `Edit ${schedule.slug ?? 'schedule'}` : 'Add a schedule'}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" onClick={save} disabled={preview.fault !== null} busy={busy && 'Saving…'}>
            {schedule ? 'Save schedule' : 'Add schedule'}
          </Button>
        </>
      }
    >
      <SegmentedControl
        label="Kind of schedule"
        value={draft.kind}
        onChange={(next) => set({ kind: next })}
        options={[
          { value: 'cron', label: 'Cron' },
          { value: 'interval', label: 'Interval' },
          { value: 'rrule', label: 'RRULE' },
        ]}
        className="justify-self-start"
      />
      <Fires
        draft={draft}
        set={set}
        fault={preview.fault && preview.fault.of !== 'timezone' ? preview.fault.words : null}
      />
      <Zone
        value={draft.zone}
        fault={preview.fault?.of === 'timezone' ? preview.fault.words : null}
        onChange={(zone) => set({ zone })}
      />
      <PreviewBox preview={preview.shown} zone={here === draft.zone ? null : here} />
      <Field label="If runs were missed" hint="While the deployment was paused, or Rigel was away.">
        {(control) => (
          <span className="flex gap-2">
            <Select
              {...control}
              value={kind}
              className="sm:max-w-60"
              onChange={(event) =>
                setKind(catchUps.find((each) => each.kind === event.target.value)?.kind ?? 'late')
              }
            >
              {catchUps.map((each) => (
                <option key={each.kind} value={each.kind}>
                  {each.words}
                </option>
              ))}
            </Select>
            {kind === 'last' ? (
              <Input
                aria-label="How many"
                inputMode="numeric"
                value={count}
                className="max-w-20"
                onChange={(event) => setCount(event.target.value)}
              />
            ) : null}
          </span>
        )}
      </Field>
      <Field label="Name" optional hint="By which it is found again when it is deployed anew.">
        {(control) => (
          <Input
            {...control}
            value={slug}
            maxLength={500}
            className="max-w-90"
            onChange={(event) => setSlug(event.target.value)}
          />
        )}
      </Field>
      <Checkbox checked={active} onChange={(event) => setActive(event.target.checked)}>
        Active
      </Checkbox>
      <fieldset className="grid grid-cols-1 gap-3 border-line border-t pt-4">
        <legend className="sr-only">Parameters of its runs</legend>
        <div>
          <p aria-hidden className="font-medium">
            Parameters
          </p>
          <p className="text-ink-3 text-xs">What you leave as it is takes the deployment’s value.</p>
        </div>
        <SchemaForm
          label="Parameters"
          members={members}
          value={parameters}
          onChange={setParameters}
          faults={asked ? faults : noFaults}
        />
      </fieldset>
      {refusal ? (
        <p role="alert" className="text-state-fail-fg text-xs">
          It was not saved: {refusal}
        </p>
      ) : null}
    </Dialog>
  )
}

function Fires({
  draft,
  set,
  fault,
}: {
  readonly draft: Draft
  readonly set: (changes: Partial<Draft>) => void
  readonly fault: string | null
}) {
  switch (draft.kind) {
    case 'cron':
      return (
        <Field label="Cron" hint="Minute, hour, day of month, month, day of week." error={fault}>
          {(control) => (
            <Input
              {...control}
              value={draft.cron}
              spellCheck={false}
              autoComplete="off"
              className="max-w-90 font-mono text-xs"
              onChange={(event) => set({ cron: event.target.value })}
            />
          )}
        </Field>
      )
    case 'interval':
      return (
        <Field label="Every" error={fault}>
          {(control) => (
            <span className="flex gap-2">
              <Input
                {...control}
                inputMode="decimal"
                value={draft.every}
                className="max-w-30"
                onChange={(event) => set({ every: event.target.value })}
              />
              <Select
                aria-label="Unit"
                value={draft.unit}
                className="max-w-30"
                onChange={(event) => {
                  const unit = (['minutes', 'hours', 'days'] as const).find(
                    (each) => each === event.target.value,
                  )
                  if (unit) set({ unit })
                }}
              >
                {Object.keys(units).map((unit) => (
                  <option key={unit} value={unit}>
                    {unit}
                  </option>
                ))}
              </Select>
            </span>
          )}
        </Field>
      )
    case 'rrule':
      return (
        <Field label="RRULE" hint="As calendars write it (RFC 5545)." error={fault}>
          {(control) => (
            <Textarea
              {...control}
              rows={3}
              value={draft.rrule}
              spellCheck={false}
              className="font-mono text-xs"
              onChange={(event) => set({ rrule: event.target.value })}
            />
          )}
        </Field>
      )
  }
}

function Zone({
  value,
  fault,
  onChange,
}: {
  readonly value: string
  readonly fault: string | null
  readonly onChange: (zone: string) => void
}) {
  const list = useId()
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone')], [])
  return (
    <Field label="Time zone" hint="It follows daylight saving there." error={fault}>
      {(control) => (
        <>
          <Input
            {...control}
            list={list}
            value={value}
            spellCheck={false}
            className="max-w-90"
            onChange={(event) => onChange(event.target.value)}
          />
          <datalist id={list}>
            {zones.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  )
}

interface Fault {
  /** The member of the schedule that is wrong; null where none is named. */
  readonly of: string | null
  readonly words: string
}

/** `schedule.cron: The minute …`: the field says which one it is by where it stands. */
function faultIn(reason: string): Fault {
  const [, of = null, words = reason] = /^schedule\.(\w+): (.*)$/s.exec(reason) ?? []
  return { of, words }
}

/** What the schedule says in English and when it fires next, asked of the server as it is typed. */
function usePreview(
  address: string,
  draft: Draft,
): { readonly shown: Preview | null; readonly fault: Fault | null } {
  const [shown, setShown] = useState<Preview | null>(null)
  const [fault, setFault] = useState<Fault | null>(null)
  const asked = JSON.stringify(scheduleOf(draft))
  useEffect(() => {
    let current = true
    const timer = setTimeout(async () => {
      const sent = await sendJson<Preview>('POST', address, { schedule: JSON.parse(asked), count: 5 })
      if (!current) return
      setFault(sent.ok ? null : faultIn(sent.reason))
      setShown(sent.ok ? sent.body : null)
    }, 200)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [address, asked])
  return { shown, fault }
}

function PreviewBox({
  preview,
  zone,
}: {
  readonly preview: Preview | null
  /** The reader's, where the schedule is kept in another one. */
  readonly zone: string | null
}) {
  return (
    // Keeps its height while the next answer is on its way.
    <section
      aria-label="What it does"
      aria-live="polite"
      className="min-h-33 rounded-md border border-line bg-sunken px-3 py-2"
    >
      {preview ? (
        <>
          <p className="font-medium">
            {preview.description.charAt(0).toUpperCase() + preview.description.slice(1)}
          </p>
          <ol className="mt-1 text-ink-2 text-xs">
            {preview.times.map((at) => (
              <li key={at}>
                <Time at={at} as="firing" />
              </li>
            ))}
          </ol>
          {zone !== null && preview.times.length > 0 ? (
            <p className="mt-1 text-ink-3 text-xs">Times in {zone}, where you are.</p>
          ) : null}
          {preview.times.length === 0 ? (
            <p className="text-ink-3 text-xs">It never fires.</p>
          ) : preview.is_over ? (
            <p className="text-ink-3 text-xs">And then never again.</p>
          ) : null}
        </>
      ) : (
        <p className="text-ink-3 text-xs">What it does and when it fires next is said here.</p>
      )}
    </section>
  )
}
