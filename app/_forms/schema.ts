import {
  isObject,
  type Lossless,
  type LosslessObject,
  NumberLiteral,
  parseLossless,
  writeLossless,
} from '#lib/domain/lossless-json.ts'

/** What a form shows for one place of a JSON schema. What it does not understand is typed as JSON. */
export type FieldKind =
  | 'text'
  | 'secret'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'instant'
  | 'date'
  | 'object'
  | 'list'
  | 'block'
  | 'json'

/** As a person says it. */
export const kindWords = {
  text: 'text',
  secret: 'secret',
  integer: 'whole number',
  number: 'number',
  boolean: 'yes or no',
  choice: 'one of several',
  instant: 'time',
  date: 'date',
  object: 'object',
  list: 'list',
  block: 'block',
  json: 'JSON',
} as const satisfies Record<FieldKind, string>

export interface SchemaField {
  readonly kind: FieldKind
  readonly title: string
  readonly description: string | null
  readonly required: boolean
  /** What applies when nothing is sent. */
  readonly fallback: Lossless | undefined
  readonly nullable: boolean
  readonly choices: readonly Lossless[]
  readonly members: readonly SchemaMember[]
  readonly item: SchemaField | null
  /** Slug of the block type whose documents may stand here. */
  readonly blockType: string | null
  readonly bounds: Bounds
}

export interface SchemaMember {
  readonly name: string
  readonly field: SchemaField
}

export interface Bounds {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

/** Schemas may refer to themselves: this deep a form goes, and what lies below is typed as JSON. */
const mostLevels = 5

const noSchema: LosslessObject = new Map()
const textOf = (schema: LosslessObject, key: string): string | null => {
  const value = schema.get(key)
  return typeof value === 'string' ? value : null
}
const listOf = (value: Lossless | undefined): readonly Lossless[] => (Array.isArray(value) ? value : [])
const numberOf = (schema: LosslessObject, key: string): number | undefined => {
  const value = schema.get(key)
  return value instanceof NumberLiteral ? Number(value.literal) : undefined
}

/** The members of a parameter or block schema, in the order in which it wants them shown. */
export function readSchema(json: string, secrets: readonly string[] = []): readonly SchemaMember[] {
  let root: Lossless
  try {
    root = parseLossless(json)
  } catch {
    return []
  }
  if (!isObject(root)) return []
  const reader = new SchemaReader(root, secrets)
  return reader.members(root, [], 0)
}

class SchemaReader {
  readonly #root: LosslessObject
  readonly #secrets: ReadonlySet<string>

  constructor(root: LosslessObject, secrets: readonly string[]) {
    this.#root = root
    this.#secrets = new Set(secrets)
  }

  members(schema: LosslessObject, path: readonly string[], level: number): readonly SchemaMember[] {
    const properties = schema.get('properties')
    if (!isObject(properties)) return []
    const required = new Set(listOf(schema.get('required')))
    const blocks = schema.get('block_schema_references')
    return [...properties]
      .map(([name, raw], index) => {
        const block = isObject(blocks) ? blocks.get(name) : undefined
        const field = this.#field(raw, name, [...path, name], required.has(name), level, block)
        const position = isObject(raw) ? numberOf(raw, 'position') : undefined
        return { name, field, position: position ?? index }
      })
      .sort((a, b) => a.position - b.position)
      .map(({ name, field }) => ({ name, field }))
  }

  #field(
    raw: Lossless,
    name: string,
    path: readonly string[],
    required: boolean,
    level: number,
    block: Lossless | undefined,
  ): SchemaField {
    const { schema, nullable } = this.#resolve(raw)
    const own = isObject(raw) ? raw : noSchema
    const blockType = blockTypeOf(block)
    const kind = blockType ? 'block' : level >= mostLevels ? 'json' : this.#kind(schema, path)
    const items = schema.get('items')
    return {
      kind,
      title: textOf(own, 'title') ?? textOf(schema, 'title') ?? name,
      description: textOf(own, 'description') ?? textOf(schema, 'description'),
      required,
      fallback: own.get('default') ?? schema.get('default'),
      nullable,
      choices: choicesOf(schema),
      members: kind === 'object' ? this.members(schema, path, level + 1) : [],
      item:
        kind === 'list' && items !== undefined
          ? this.#field(items, name, path, true, level + 1, undefined)
          : null,
      blockType,
      bounds: boundsOf(schema),
    }
  }

  /** Follows local references and what wraps a single schema; says whether null is one of the possibilities. */
  #resolve(raw: Lossless): { readonly schema: LosslessObject; readonly nullable: boolean } {
    let schema = isObject(raw) ? raw : noSchema
    let nullable = false
    for (let turn = 0; turn < 20; turn++) {
      const reference = textOf(schema, '$ref')
      if (reference !== null) {
        const target = this.#lookUp(reference)
        if (target === null) return { schema: noSchema, nullable }
        schema = target
        continue
      }
      const [only, ...others] = [
        ...listOf(schema.get('allOf')),
        ...listOf(schema.get('anyOf')),
        ...listOf(schema.get('oneOf')),
      ].filter((each) => !isNull(each))
      const hadNull = [...listOf(schema.get('anyOf')), ...listOf(schema.get('oneOf'))].some(isNull)
      nullable ||= hadNull
      if (isObject(only) && others.length === 0) {
        schema = only
        continue
      }
      break
    }
    const types = listOf(schema.get('type'))
    if (types.length > 0) {
      const [only, ...others] = types.filter((type) => type !== 'null')
      nullable ||= types.includes('null')
      if (only !== undefined && others.length === 0) schema = new Map([...schema, ['type', only]])
    }
    return { schema, nullable }
  }

  #lookUp(reference: string): LosslessObject | null {
    // Only what the schema itself holds: nothing is fetched.
    if (!reference.startsWith('#/')) return null
    let at: Lossless | undefined = this.#root
    for (const step of reference.slice(2).split('/')) {
      at = isObject(at) ? at.get(step.replaceAll('~1', '/').replaceAll('~0', '~')) : undefined
    }
    return isObject(at) ? at : null
  }

  #kind(schema: LosslessObject, path: readonly string[]): FieldKind {
    if (choicesOf(schema).length > 0) return 'choice'
    const format = textOf(schema, 'format')
    const secret =
      format === 'password' ||
      schema.get('writeOnly') === true ||
      this.#secrets.has(path.join('.')) ||
      this.#secrets.has([...path.slice(0, -1), '*'].join('.'))
    switch (schema.get('type')) {
      case 'string':
        if (secret) return 'secret'
        return format === 'date-time' ? 'instant' : format === 'date' ? 'date' : 'text'
      case 'integer':
        return 'integer'
      case 'number':
        return 'number'
      case 'boolean':
        return 'boolean'
      case 'object':
        return isObject(schema.get('properties')) ? 'object' : 'json'
      case 'array':
        return schema.get('items') !== undefined && listOf(schema.get('prefixItems')).length === 0
          ? 'list'
          : 'json'
      default:
        return secret ? 'secret' : 'json'
    }
  }
}

const isNull = (schema: Lossless): boolean => isObject(schema) && schema.get('type') === 'null'

function choicesOf(schema: LosslessObject): readonly Lossless[] {
  const constant = schema.get('const')
  return constant === undefined ? listOf(schema.get('enum')) : [constant]
}

function blockTypeOf(block: Lossless | undefined): string | null {
  // Where several types may stand, the id of a document is typed as JSON.
  return isObject(block) ? textOf(block, 'block_type_slug') : null
}

function boundsOf(schema: LosslessObject): Bounds {
  const bounds: Record<string, number | string> = {}
  for (const key of [
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'minLength',
    'maxLength',
  ]) {
    const value = numberOf(schema, key)
    if (value !== undefined) bounds[key] = value
  }
  const pattern = textOf(schema, 'pattern')
  if (pattern !== null) bounds.pattern = pattern
  return bounds
}

/** Why this value cannot be sent, or null. The server judges by the whole schema; this says early what is plain. */
export function faultOf(field: SchemaField, value: Lossless | undefined): string | null {
  if (value === undefined) {
    return field.required && field.fallback === undefined && !field.nullable ? 'Needs a value.' : null
  }
  if (value instanceof NumberLiteral) {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = field.bounds
    const number = Number(value.literal)
    const got = `got ${value.literal}.`
    if (field.kind === 'integer' && !/^-?\d+$/.test(value.literal)) return `Must be a whole number, ${got}`
    if (minimum !== undefined && number < minimum) return `Must be at least ${minimum}, ${got}`
    if (maximum !== undefined && number > maximum) return `Must be at most ${maximum}, ${got}`
    if (exclusiveMinimum !== undefined && number <= exclusiveMinimum)
      return `Must be more than ${exclusiveMinimum}, ${got}`
    if (exclusiveMaximum !== undefined && number >= exclusiveMaximum)
      return `Must be less than ${exclusiveMaximum}, ${got}`
  }
  if (typeof value === 'string' && field.kind === 'text') {
    const { minLength, maxLength, pattern } = field.bounds
    if (minLength !== undefined && value.length < minLength)
      return `Must have at least ${minLength} characters, has ${value.length}.`
    if (maxLength !== undefined && value.length > maxLength)
      return `Must have at most ${maxLength} characters, has ${value.length}.`
    if (pattern !== undefined && !matches(pattern, value)) return `Must match ${pattern}.`
  }
  if (
    typeof value === 'string' &&
    (field.kind === 'instant' || field.kind === 'date') &&
    Number.isNaN(Date.parse(value))
  )
    return `Not a ${field.kind === 'date' ? 'date' : 'time'}: ${value}.`
  return null
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    // A pattern of another dialect: the server knows it.
    return true
  }
}

/** Faults by dotted path, of a whole form. */
export function faultsOf(
  members: readonly SchemaMember[],
  values: LosslessObject,
  path: readonly string[] = [],
): ReadonlyMap<string, string> {
  const faults = new Map<string, string>()
  for (const { name, field } of members) {
    const value = values.get(name)
    const here = [...path, name]
    const fault = faultOf(field, value)
    if (fault !== null) faults.set(here.join('.'), fault)
    if (field.kind === 'object' && isObject(value))
      for (const [key, words] of faultsOf(field.members, value, here)) faults.set(key, words)
    if (field.kind === 'list' && field.item && Array.isArray(value)) {
      value.forEach((each, index) => {
        const { item } = field
        if (!item) return
        const at = [...here, String(index)]
        const words = faultOf(item, each)
        if (words !== null) faults.set(at.join('.'), words)
        if (item.kind === 'object' && isObject(each))
          for (const [key, inner] of faultsOf(item.members, each, at)) faults.set(key, inner)
      })
    }
  }
  return faults
}

/** The same members where other values lie below: what is left out takes them, so it need not be given here. */
export const withFallbacks = (
  members: readonly SchemaMember[],
  values: LosslessObject,
): readonly SchemaMember[] =>
  members.map(({ name, field }) => ({
    name,
    field: { ...field, fallback: values.get(name) ?? field.fallback },
  }))

/** Faults in one line that names each place, for where the places themselves are not to be seen: at most three. */
export function faultWords(faults: ReadonlyMap<string, string>): string | null {
  const named = [...faults].filter(([path]) => path !== '')
  if (named.length === 0) return null
  const words = named.slice(0, 3).map(([path, fault]) => `${path}: ${fault}`)
  return named.length > 3 ? `${words.join(' ')} And ${named.length - 3} more.` : words.join(' ')
}

/** JSON with two spaces, numbers as they were written. */
export function prettyLossless(value: Lossless, indent = ''): string {
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((each) => deeper + prettyLossless(each, deeper)).join(',\n')}\n${indent}]`
  }
  if (isObject(value)) {
    if (value.size === 0) return '{}'
    const lines = [...value].map(
      ([key, each]) => `${deeper}${JSON.stringify(key)}: ${prettyLossless(each, deeper)}`,
    )
    return `{\n${lines.join(',\n')}\n${indent}}`
  }
  return writeLossless(value)
}

/** How a value reads in a placeholder or a cell: texts without quotes, the rest as JSON. */
export const valueWords = (value: Lossless): string =>
  typeof value === 'string' ? value : writeLossless(value)
