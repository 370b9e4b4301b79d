import { isObject, type Lossless, parseLossless, writeLossless } from '../lossless-json.ts'
import { mayHoldPlaceholders } from '../parameters/hydrate.ts'
import type { RawJson } from '../state.ts'

/**
 * Replaces templates, objects `{"__prefect_kind": "jinja", "template": …}`, by what `render` makes of them. Other placeholders are left
 * for whoever fills parameters in: what an event's sender wrote must not be read as one.
 */
export function fillTemplates(parameters: RawJson, render: (template: string) => string): RawJson {
  if (!mayHoldPlaceholders(parameters)) return parameters
  const fill = (value: Lossless): Lossless => {
    if (Array.isArray(value)) return value.map(fill)
    if (!isObject(value)) return value
    const template = value.get('template')
    if (value.get('__prefect_kind') === 'jinja' && typeof template === 'string') return render(template)
    return new Map([...value].map(([key, member]) => [key, fill(member)]))
  }
  // Safe: written from what was read.
  return writeLossless(fill(parseLossless(parameters))) as RawJson
}
