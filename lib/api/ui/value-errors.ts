import type { FieldError } from '../../domain/parameters/compile-schema.ts'

/** What is wrong with a value, a property of it, or an item of it, as forms of this dialect show it beside the field. */
export type ValueError =
  | string
  | { readonly property: string; readonly errors: ValueError[] }
  | { readonly index: number; readonly errors: ValueError[] }

/** `rows[3].id` becomes the errors of the property `id` of the item 3 of the property `rows`; each stands once. */
export function valueErrors(errors: readonly FieldError[]): ValueError[] {
  const top: ValueError[] = []
  for (const { field, reason } of errors) {
    let at = top
    for (const [, property, index] of field.matchAll(/([^.[\]]+)|\[(\d+)\]/g))
      at = within(at, property ?? Number(index))
    at.push(reason)
  }
  return top
}

function within(errors: ValueError[], place: string | number): ValueError[] {
  for (const one of errors)
    if (typeof one === 'object' && ('property' in one ? one.property : one.index) === place) return one.errors
  const inner: ValueError[] = []
  errors.push(
    typeof place === 'string' ? { property: place, errors: inner } : { index: place, errors: inner },
  )
  return inner
}
