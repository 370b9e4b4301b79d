import { isJsonObject } from './prepare-schema.ts'

/** Keywords whose schemas judge the same value, not a part of it: only through these does a schema lead back to itself. */
const sameValue = {
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'schema',
  else: 'schema',
  allOf: 'list',
  anyOf: 'list',
  oneOf: 'list',
  dependentSchemas: 'map',
} as const satisfies Record<string, 'schema' | 'list' | 'map'>

/**
 * Where a schema leads back to itself without ever coming to a part of a value, so that holding a value against it would never
 * end: `#/definitions/A`. null: nowhere. A tree whose children are trees is no loop. `prepared` is what `prepareSchema` answers.
 */
export function findLoop(prepared: unknown): string | null {
  const done = new Set<unknown>()
  const path = new Set<unknown>()

  const follow = (schema: unknown, at: string): string | null => {
    if (!isJsonObject(schema) || done.has(schema)) return null
    if (path.has(schema)) return at
    path.add(schema)
    for (const [next, there] of onward(schema, at)) {
      const found = follow(next, there)
      if (found !== null) return found
    }
    path.delete(schema)
    done.add(schema)
    return null
  }

  const onward = function* (schema: Readonly<Record<string, unknown>>, at: string) {
    if (typeof schema.$ref === 'string') yield [lookUp(prepared, schema.$ref), schema.$ref] as const
    for (const [key, kind] of Object.entries(sameValue)) {
      const value = schema[key]
      if (value === undefined) continue
      if (kind === 'schema') yield [value, `${at}/${key}`] as const
      else
        for (const [name, part] of Object.entries(value as object))
          yield [part, `${at}/${key}/${name}`] as const
    }
  }

  const walk = (schema: unknown, at: string): string | null => {
    const found = follow(schema, at)
    if (found !== null || typeof schema !== 'object' || schema === null) return found
    for (const [key, part] of Object.entries(schema)) {
      // What these hold is data.
      if (key === 'enum' || key === 'const') continue
      const below = walk(part, `${at}/${key}`)
      if (below !== null) return below
    }
    return null
  }
  return walk(prepared, '#')
}

function lookUp(root: unknown, reference: string): unknown {
  let at: unknown = root
  for (const step of reference.split('/').slice(1)) {
    const name = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined
  }
  return at
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
