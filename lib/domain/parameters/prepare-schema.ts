/** A JSON schema that cannot be used: says where and why. */
export class BadSchema extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadSchema'
  }
}

type Json = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keywords that hold a schema, a list of schemas, a schema by name, or neither. Others say nothing about values and are left out. */
const keywords = {
  additionalProperties: 'schema',
  propertyNames: 'schema',
  unevaluatedProperties: 'schema',
  unevaluatedItems: 'schema',
  contains: 'schema',
  items: 'schema',
  additionalItems: 'schema',
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'schema',
  else: 'schema',
  anyOf: 'list',
  oneOf: 'list',
  allOf: 'list',
  prefixItems: 'list',
  properties: 'map',
  patternProperties: 'map',
  dependentSchemas: 'map',
  $defs: 'map',
  definitions: 'map',
  $ref: 'value',
  type: 'value',
  enum: 'value',
  const: 'value',
  nullable: 'value',
  required: 'value',
  dependentRequired: 'value',
  minLength: 'value',
  maxLength: 'value',
  pattern: 'value',
  minimum: 'value',
  maximum: 'value',
  exclusiveMinimum: 'value',
  exclusiveMaximum: 'value',
  multipleOf: 'value',
  minItems: 'value',
  maxItems: 'value',
  uniqueItems: 'value',
  minContains: 'value',
  maxContains: 'value',
  minProperties: 'value',
  maxProperties: 'value',
} as const satisfies Record<string, 'schema' | 'list' | 'map' | 'value'>

const kindOf = (key: string) =>
  Object.hasOwn(keywords, key) ? keywords[key as keyof typeof keywords] : undefined

export interface PreparingOptions {
  /** Nothing is required: of what a deployment presets, the rest comes with each run. */
  readonly ignoreRequired: boolean
}

/**
 * A schema as pydantic of either generation writes it, brought to one form that is safe to compile: only keywords that
 * say something about values, references into itself only, and no ids that two schemas could share.
 * A parameter without a default may be null, and a block may be named by its id, as clients send them.
 * Throws BadSchema.
 */
export function prepareSchema(schema: unknown, options: PreparingOptions): Json {
  if (!isJsonObject(schema)) throw new BadSchema('The schema must be an object.')
  const prepared = prepare(schema, options, '#')
  if (typeof prepared === 'boolean') return {}
  const { properties } = prepared
  if (!isJsonObject(properties)) return prepared
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const given = isJsonObject(schema.properties) ? schema.properties : {}
  return {
    ...prepared,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => {
        const original = given[name]
        const mayBeNull = !required.has(name) && isJsonObject(original) && (original.default ?? null) === null
        return [name, mayBeNull ? { anyOf: [property, { type: 'null' }] } : property]
      }),
    ),
  }
}

function prepare(schema: unknown, options: PreparingOptions, at: string): Json | boolean {
  if (typeof schema === 'boolean') return schema
  if (!isJsonObject(schema)) throw new BadSchema(`The schema at ${at} must be an object.`)
  const prepared: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    const here = `${at}/${key}`
    switch (kindOf(key)) {
      case 'schema':
        if (key === 'items' && Array.isArray(value)) prepared.prefixItems = list(value, options, here)
        else if (key !== 'additionalItems') prepared[key] = prepare(value, options, here)
        else if (Array.isArray(schema.items)) prepared.items = prepare(value, options, here)
        break
      case 'list':
        prepared[key] = list(value, options, here)
        break
      case 'map':
        if (!isJsonObject(value)) throw new BadSchema(`${here} must be an object.`)
        prepared[key] = Object.fromEntries(
          Object.entries(value).map(([name, part]) => [name, prepare(part, options, `${here}/${name}`)]),
        )
        break
      case 'value':
        if (key === '$ref') requireOwnReference(value, here)
        if (key === 'type') requireTypes(value, here)
        if (!(key === 'required' && (options.ignoreRequired || !Array.isArray(value)))) prepared[key] = value
        break
      case undefined:
        break
    }
  }
  return typeof schema.block_type_slug === 'string' ? orBlockReference(prepared) : prepared
}

const list = (value: unknown, options: PreparingOptions, at: string): unknown[] => {
  if (!Array.isArray(value)) throw new BadSchema(`${at} must be a list.`)
  return value.map((part, i) => prepare(part, options, `${at}/${i}`))
}

/** Definitions keep their place, since references point to them. */
const orBlockReference = ({ $defs, definitions, ...block }: Record<string, unknown>): Json => ({
  ...($defs ? { $defs } : {}),
  ...(definitions ? { definitions } : {}),
  anyOf: [block, { type: 'object', required: ['$ref'] }],
})

const types: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
])

function requireTypes(value: unknown, at: string): void {
  const odd = [value].flat().find((each) => !types.has(each))
  if (odd !== undefined)
    throw new BadSchema(
      `The schema cannot be read: ${at} is ${JSON.stringify(odd).slice(0, 200)}, which is no type of JSON Schema.`,
    )
}

function requireOwnReference(reference: unknown, at: string): void {
  if (typeof reference === 'string' && reference.startsWith('#')) return
  throw new BadSchema(
    `The schema refers to ${JSON.stringify(reference)?.slice(0, 200)} at ${at}. A $ref may only point into the schema itself, as in "#/definitions/Name": nothing is fetched.`,
  )
}
