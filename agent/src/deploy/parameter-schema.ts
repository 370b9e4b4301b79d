import type { StandardSchemaV1 } from '../sdk/standard-schema.js'

export type JsonSchema = Readonly<Record<string, unknown>>

/** The part of https://standardschema.dev/json-schema that we call; zod, valibot and arktype implement it. */
interface WithJsonSchema {
  readonly jsonSchema?: { readonly input: (options: object) => unknown }
}

/**
 * The JSON schema of a flow's parameters: what its own schema says, or else the names of its function's parameters.
 * `isExact` tells whether values can be judged by it.
 */
export function parameterSchema(
  schema: StandardSchemaV1 | undefined,
  names: readonly (string | null)[],
): { readonly schema: JsonSchema; readonly isExact: boolean } {
  const exact = schema && fromStandardSchema(schema)
  if (exact) return { schema: { title: 'Parameters', ...exact }, isExact: true }
  const known = names.filter((name) => name !== null)
  const properties = Object.fromEntries(known.map((name, position) => [name, { title: name, position }]))
  return { schema: { title: 'Parameters', type: 'object', properties }, isExact: false }
}

function fromStandardSchema(schema: StandardSchemaV1): JsonSchema | null {
  const { jsonSchema } = schema['~standard'] as WithJsonSchema
  if (!jsonSchema) return null
  try {
    // What has no place in JSON, such as a Date, is left open instead of refused: the flow itself checks it.
    const libraryOptions = { unrepresentable: 'any' }
    const made = jsonSchema.input({ target: 'draft-2020-12', libraryOptions })
    if (typeof made !== 'object' || made === null) return null
    return withPositions(withoutDialect(made as JsonSchema))
  } catch {
    return null
  }
}

const withoutDialect = ({ $schema, ...schema }: JsonSchema): JsonSchema => schema

/** Forms show fields in the order of their `position`. */
function withPositions(schema: JsonSchema): JsonSchema {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null) return schema
  const placed = Object.entries(properties as Record<string, object>).map(([name, property], position) => [
    name,
    { title: name, ...property, position },
  ])
  return { ...schema, properties: Object.fromEntries(placed) }
}
