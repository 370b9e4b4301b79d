'use client'
import { Field, Input } from '#app/_ui/field.tsx'

/** A number of slots as it is typed; empty is no limit. */
export function limitFaultOf(text: string): string | null {
  if (text.trim() === '') return null
  return /^\d{1,9}$/.test(text.trim()) ? null : `Must be a whole number from 0, got ${text}.`
}

export const limitOf = (text: string): number | null => (text.trim() === '' ? null : Number(text.trim()))

export function LimitField({
  value,
  onChange,
  error,
  hint = 'Runs at once. Empty: no limit. 0: nothing starts.',
}: {
  readonly value: string
  readonly onChange: (text: string) => void
  readonly error: string | null
  readonly hint?: string
}) {
  return (
    <Field label="Concurrency limit" optional hint={hint} error={error}>
      {(control) => (
        <Input
          {...control}
          inputMode="numeric"
          value={value}
          className="max-w-30"
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
