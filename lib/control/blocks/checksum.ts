import { createHash } from 'node:crypto'
import { isObject, type Lossless, type LosslessObject, writeLikePython } from '../../domain/lossless-json.ts'

/**
 * The checksum of a block schema's fields, as clients compute it: they look schemas up by it, and a different one is never found,
 * so that they would register the schema again and again.
 */
export function schemaChecksum(fields: LosslessObject): string {
  const bare = withoutSecretFields(fields)
  if (!isObject(bare)) return ''
  const definitions = bare.get('definitions')
  bare.delete('definitions')
  if (isObject(definitions)) {
    const kept = reachable(bare, definitions)
    if (kept.size > 0) bare.set('definitions', kept)
  }
  const text = `[[${writeLikePython(bare)}], {}]`
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** A copy without what only says which values are secret, at any depth. */
function withoutSecretFields(value: Lossless): Lossless {
  if (Array.isArray(value)) return value.map(withoutSecretFields)
  if (!isObject(value)) return value
  return new Map(
    [...value]
      .filter(([key]) => key !== 'secret_fields')
      .map(([key, member]) => [key, withoutSecretFields(member)]),
  )
}

/** Definitions that `from` refers to, and what those refer to in turn. Blocks among them are followed but left out: they have checksums of their own. */
function reachable(from: Lossless, definitions: LosslessObject): LosslessObject {
  const seen = new Map<string, Lossless>()
  const follow = (value: Lossless): void => {
    for (const name of references(value)) {
      const definition = definitions.get(name)
      if (definition === undefined || seen.has(name)) continue
      seen.set(name, definition)
      follow(definition)
    }
  }
  follow(from)
  return new Map(
    [...seen].filter(
      ([, definition]) => !isObject(definition) || (definition.get('block_type_slug') ?? null) === null,
    ),
  )
}

function* references(value: Lossless): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* references(item)
  if (!isObject(value)) return
  for (const [key, member] of value) {
    if (key === '$ref' && typeof member === 'string') yield member.replace('#/definitions/', '')
    else yield* references(member)
  }
}
