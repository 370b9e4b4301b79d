import { isObject, type Lossless, type LosslessObject } from '../../domain/lossless-json.ts'

/** What stands for a secret where it may not be read. */
export const OBFUSCATED = '********'

/** The dotted paths that a schema calls secret; `*` stands for every key. */
export function secretPaths(fields: Lossless): readonly (readonly string[])[] {
  const paths = isObject(fields) ? fields.get('secret_fields') : null
  if (!Array.isArray(paths)) return []
  return paths.filter((path) => typeof path === 'string').map((path) => path.split('.'))
}

/** A copy in which every value at these paths is what `change` makes of it. */
export function changeAt(
  data: Lossless,
  paths: readonly (readonly string[])[],
  change: (value: Lossless, path: readonly string[]) => Lossless,
): Lossless {
  return paths.reduce((changed, path) => along(changed, path, [], change), data)
}

function along(
  value: Lossless,
  [key, ...rest]: readonly string[],
  walked: readonly string[],
  change: (value: Lossless, path: readonly string[]) => Lossless,
): Lossless {
  if (key === undefined) return change(value, walked)
  // A secret inside a list is one in each of its items.
  if (Array.isArray(value))
    return value.map((item, i) => along(item, [key, ...rest], [...walked, String(i)], change))
  if (!isObject(value)) return value
  return new Map(
    [...value].map(([name, member]) => [
      name,
      key === '*' || key === name ? along(member, rest, [...walked, name], change) : member,
    ]),
  )
}

/** Without what may not be read. A secret of any shape is hidden as a whole. */
export const obfuscate = (data: Lossless, paths: readonly (readonly string[])[]): Lossless =>
  changeAt(data, paths, (value) => (value === null ? null : OBFUSCATED))

/** Whether a secret stands at any of these paths. */
export function holdsSecrets(data: Lossless, paths: readonly (readonly string[])[]): boolean {
  let found = false
  changeAt(data, paths, (value) => {
    found ||= value !== null
    return value
  })
  return found
}

/** Secrets that came back as they were shown keep the value that is stored. */
export const keepSecrets = (
  data: Lossless,
  stored: Lossless,
  paths: readonly (readonly string[])[],
): Lossless =>
  changeAt(data, paths, (value, path) => (value === OBFUSCATED ? (valueAt(stored, path) ?? value) : value))

const valueAt = (value: Lossless | undefined, path: readonly string[]): Lossless | undefined =>
  path.reduce<Lossless | undefined>(
    (at, key) => (isObject(at) ? at.get(key) : Array.isArray(at) ? at[Number(key)] : undefined),
    value,
  )

/** The document that `{"$ref": {"block_document_id": …}}` points to. */
export function referenceOf(value: Lossless): string | null {
  if (!isObject(value) || value.size !== 1) return null
  const target = value.get('$ref')
  const id = isObject(target) ? target.get('block_document_id') : null
  return typeof id === 'string' ? id.toLowerCase() : null
}

/** The documents that a document's own fields point to. */
export const references = (data: LosslessObject): string[] =>
  [...data.values()].map(referenceOf).filter((id) => id !== null)
