import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { requireValid } from './check-parameters.ts'

/**
 * Holds job variables against the variables that the work pool's template declares. What is missing may have a default, and
 * templates in texts (`{{ prefect.variables.x }}`) are filled in by the worker. Throws Conflict, which names the field.
 */
export function validateJobVariables(doing: string, baseJobTemplate: RawJson, jobVariables: RawJson): void {
  const schema = rawMember(baseJobTemplate, 'variables')
  if (!schema || schema === 'null') return
  const given = JSON.parse(jobVariables) as Record<string, unknown>
  const known = Object.entries(given).filter(
    ([, value]) => !(typeof value === 'string' && value.includes('{{')),
  )
  if (known.length === 0) return
  requireValid({
    doing,
    noun: 'job variable',
    schema,
    // Safe: written by JSON.stringify. Types are looked at, not digits.
    values: JSON.stringify(Object.fromEntries(known)) as RawJson,
    ignoreRequired: true,
  })
}
