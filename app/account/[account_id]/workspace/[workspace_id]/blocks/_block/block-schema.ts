import { readSchema, type SchemaField, type SchemaMember } from '#app/_forms/schema.ts'

interface SchemaForm {
  readonly members: readonly SchemaMember[]
  /** Dotted paths of what is secret. */
  readonly secrets: readonly string[]
  /** Slugs of the types whose blocks may stand in it. */
  readonly blockTypes: readonly string[]
}

/** What the form of a block is made from. */
export function formOfSchema(fields: string | null): SchemaForm {
  if (fields === null) return { members: [], secrets: [], blockTypes: [] }
  const secrets = secretsOf(fields)
  const members = readSchema(fields, secrets)
  return { members, secrets, blockTypes: [...new Set(members.flatMap(({ field }) => typesIn(field)))] }
}

const typesIn = (field: SchemaField): readonly string[] =>
  field.blockType ? [field.blockType] : field.members.flatMap((member) => typesIn(member.field))

function secretsOf(fields: string): readonly string[] {
  const read: unknown = JSON.parse(fields)
  const paths: unknown = typeof read === 'object' && read !== null ? Reflect.get(read, 'secret_fields') : null
  return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : []
}
