import { isObject, type Lossless, type LosslessObject } from '../../domain/lossless-json.ts'
import { BadInput } from '../../domain/problem.ts'

/** What stands for a secret where it may not be read. */
export const OBFUSCATED = '********'

export type SecretPaths = readonly (readonly string[])[]

/**
 * The paths at which a schema says that secrets stand; `*` stands for every key. Clients name the fields of what a dictionary
 * holds, and not its keys: `blocks.token` is said of `{blocks: {one: {token: …}}}` too, and becomes `blocks.*.token`.
 */
export function secretPaths(fields: Lossless): SecretPaths {
  const paths = isObject(fields) ? fields.get('secret_fields') : null
  if (!Array.isArray(paths)) return []
  const said = paths.filter((path) => typeof path === 'string')
  return said.flatMap((path) => throughDictionaries(fields, [fields], path.split('.'), []))
}

/** Schemas within schemas that are looked into for one field; real ones have two or three. */
const MAX_ALTERNATIVES = 100

function throughDictionaries(
  root: Lossless,
  schemas: readonly Lossless[],
  [key, ...rest]: readonly string[],
  walked: readonly string[],
): SecretPaths {
  if (key === undefined) return [walked]
  const nodes = alternatives(root, schemas)
  const named = nodes.flatMap((node) => member(member(node, 'properties'), key) ?? [])
  const values = key === '*' || named.length > 0 ? [] : nodes.flatMap((node) => dictionaryOf(node))
  // Bounded: a dictionary that holds itself would never come to an end.
  const isBounded = walked.length < MAX_ALTERNATIVES
  return values.length > 0 && isBounded
    ? throughDictionaries(root, values, [key, ...rest], [...walked, '*'])
    : throughDictionaries(root, named, rest, [...walked, key])
}

/** What a schema may be of: references followed, each way of a choice, and of a list its items, which paths do not name. */
function alternatives(root: Lossless, schemas: readonly Lossless[]): LosslessObject[] {
  const found = new Set<LosslessObject>()
  const look = (schema: Lossless | undefined): void => {
    if (Array.isArray(schema)) for (const one of schema) look(one)
    if (!isObject(schema) || found.has(schema) || found.size >= MAX_ALTERNATIVES) return
    found.add(schema)
    const reference = schema.get('$ref')
    if (typeof reference === 'string' && reference.startsWith('#/'))
      look(reference.slice(2).split('/').reduce<Lossless | undefined>(member, root))
    for (const key of ['anyOf', 'oneOf', 'allOf', 'items', 'prefixItems']) look(schema.get(key))
  }
  for (const schema of schemas) look(schema)
  return [...found]
}

const member = (schema: Lossless | undefined, key: string): Lossless | undefined =>
  isObject(schema) ? schema.get(key) : undefined

const dictionaryOf = (schema: Lossless): Lossless[] => {
  const values = member(schema, 'additionalProperties')
  return isObject(values) ? [values] : []
}

/** A copy in which every value at these paths is what `change` makes of it. */
export function changeAt(
  data: Lossless,
  paths: SecretPaths,
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
  // A secret inside a list is one in each of its items, whether the path says so or not.
  if (Array.isArray(value)) {
    return value.map((item, i) => {
      const at = [...walked, String(i)]
      const within = along(item, [key, ...rest], at, change)
      const isNamed = key === '*' && (rest.length > 0 || !(isObject(item) || Array.isArray(item)))
      return isNamed ? along(within, rest, at, change) : within
    })
  }
  if (!isObject(value)) return value
  return new Map(
    [...value].map(([name, member]) => [
      name,
      key === '*' || key === name ? along(member, rest, [...walked, name], change) : member,
    ]),
  )
}

/** Without what may not be read. A secret of any shape is hidden as a whole. */
export const obfuscate = (data: Lossless, paths: SecretPaths): Lossless =>
  changeAt(data, paths, (value) => (value === null ? null : OBFUSCATED))

/** Whether a secret stands at any of these paths. */
export const holdsSecrets = (data: Lossless, paths: SecretPaths): boolean =>
  placesOf(data, paths).some(({ value }) => value !== null)

interface Place {
  readonly path: readonly string[]
  readonly value: Lossless
}

function placesOf(data: Lossless, paths: SecretPaths): Place[] {
  const places: Place[] = []
  changeAt(data, paths, (value, path) => {
    places.push({ path, value })
    return value
  })
  return places
}

/**
 * Secrets that came back as they were shown keep the value that is stored. Throws BadInput where none is stored that could be
 * meant: also in a list of another length, whose items may have moved.
 */
export const keepSecrets = (data: Lossless, stored: Lossless, paths: SecretPaths): Lossless =>
  changeAt(data, paths, (value, path) => {
    if (value !== OBFUSCATED) return value
    const kept = storedAt(data, stored, path)
    if (kept !== undefined) return kept
    throw new BadInput(
      `${path.join('.')} is ${OBFUSCATED}, which stands for a secret that is kept, and none is kept there. Send the secret itself.`,
    )
  })

function storedAt(data: Lossless, stored: Lossless, path: readonly string[]): Lossless | undefined {
  let [sent, kept]: (Lossless | undefined)[] = [data, stored]
  for (const key of path) {
    if (Array.isArray(kept) && Array.isArray(sent) && kept.length !== sent.length) return
    sent = childOf(sent, key)
    kept = childOf(kept, key)
  }
  return kept
}

const childOf = (value: Lossless | undefined, key: string): Lossless | undefined =>
  isObject(value) ? value.get(key) : Array.isArray(value) ? value[Number(key)] : undefined

export interface SchemaChange {
  readonly from: Lossless
  readonly to: Lossless
}

/**
 * The data of a document that moves from one schema to another. A stored secret never comes to light by that: what the new schema
 * has no field for is left behind, and what it has one for without calling it secret must be sent anew. Throws BadInput when it is not.
 */
export function moveSecrets(
  sent: LosslessObject,
  merged: LosslessObject,
  stored: LosslessObject,
  { from, to }: SchemaChange,
): Lossless {
  const [old, next] = [secretPaths(from), secretPaths(to)]
  const kept = keepSecrets(merged, stored, old)
  const shown = obfuscate(kept, next)
  const known = member(to, 'properties')
  const moved = isObject(kept) ? new Map(kept) : new Map<string, Lossless>()
  for (const { path, value } of placesOf(kept, old)) {
    const [field = ''] = path
    const isSentAnew = sent.has(field) && path.reduce<Lossless | undefined>(childOf, sent) !== OBFUSCATED
    // Not there at all where something around it is hidden as a whole.
    const now = path.reduce<Lossless | undefined>(childOf, shown)
    const isHidden = now === OBFUSCATED || now === undefined
    if (value === null || isSentAnew || isHidden) continue
    if (isObject(known) && known.has(field))
      throw new BadInput(
        `${path.join('.')} is kept secret, and the new schema would show it. Send its value anew, or keep the field secret.`,
      )
    moved.delete(field)
  }
  return keepSecrets(moved, stored, next)
}

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
