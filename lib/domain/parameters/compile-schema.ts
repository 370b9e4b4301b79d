import { type ErrorObject, Ajv2020 as Validator } from 'ajv/dist/2020.js'
import { findLoop } from './find-loop.ts'
import { BadSchema, type PreparingOptions, prepareSchema } from './prepare-schema.ts'

/** What is wrong with one value, for its author. */
export interface FieldError {
  /** `name`, `limits.low`, `rows[3].id`; empty: the whole. */
  readonly field: string
  /** Goes on after the field's name: `must be integer, not "often"`. */
  readonly reason: string
}

export interface CompiledSchema {
  /** Where it leads back to itself without an end; null: nowhere. */
  readonly loop: string | null
  /** What is wrong with these values; nothing when they are right. Throws BadSchema when the schema leads to no end. */
  readonly check: (values: unknown) => readonly FieldError[]
}

/** Throws BadSchema. Takes milliseconds; the answer is to be kept. */
export function compileSchema(schema: unknown, options: PreparingOptions): CompiledSchema {
  const prepared = prepareSchema(schema, options)
  const validator = new Validator({
    strict: false,
    allErrors: true,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    // A parameter may be called `constructor`: what objects inherit was given by nobody.
    ownProperties: true,
    inlineRefs: false,
    logger: false,
    verbose: true,
    code: { regExp: Object.assign(readPattern, { code: 'readPattern' }) },
  })
  const loop = findLoop(prepared)
  const compile = () => withBadSchema(() => validator.compile(prepared), loop)
  // What leads nowhere is mostly refused for it: then nobody waits for what takes longest.
  let compiled = loop === null ? compile() : null
  return {
    loop,
    check: (values) => {
      compiled ??= compile()
      const validate = compiled
      return withBadSchema(() => (validate(values) ? [] : fieldErrors(validate.errors ?? [])), loop)
    },
  }
}

/** Patterns come from Python: those that are no Unicode expressions are read as the web has them. */
function readPattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    try {
      return new RegExp(pattern)
    } catch {
      throw new BadSchema(`The pattern ${JSON.stringify(pattern.slice(0, 200))} cannot be read.`)
    }
  }
}

export const endless = (loop: string): BadSchema =>
  new BadSchema(`The schema at ${loop} refers to itself without an end.`)

function withBadSchema<Result>(work: () => Result, loop: string | null): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof BadSchema) throw error
    if (
      error instanceof RangeError ||
      (error instanceof Error && 'missingRef' in error && error.missingRef === '')
    )
      throw loop === null
        ? new BadSchema('The schema refers to itself without an end, or is nested too deep.')
        : endless(loop)
    if (error instanceof Error && 'missingRef' in error && error.missingRef !== '')
      throw new BadSchema(
        `The schema refers to ${String(error.missingRef).slice(0, 200)}, which it does not hold.`,
      )
    // The validator's own errors are about the schema; what ends the work from outside is not.
    if (error instanceof Error && !('code' in error))
      throw new BadSchema(`The schema cannot be read: ${error.message.slice(0, 300)}.`)
    throw error
  }
}

/** Of alternatives only what they were alternatives for is told: `must be integer or null`. */
const alternatives: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'if', 'allOf'])

function fieldErrors(errors: readonly ErrorObject[]): readonly FieldError[] {
  const told = errors.filter((error) => !alternatives.has(error.keyword))
  const byField = new Map<string, ErrorObject[]>()
  for (const error of told.length > 0 ? told : errors) {
    const field = fieldOf(error)
    const same = byField.get(field)
    if (same) same.push(error)
    else byField.set(field, [error])
  }
  const fields = [...byField.keys()]
  // Nor does "must be null" where something inside is wrong: that the whole may be left out is no advice.
  const isOnlyWhole = (field: string, its: readonly ErrorObject[]): boolean =>
    its.every((error) => error.keyword === 'type' && error.params.type === 'null') &&
    fields.some((other) => other.startsWith(`${field}.`) || other.startsWith(`${field}[`))
  return [...byField].flatMap(([field, its]) =>
    isOnlyWhole(field, its) ? [] : [{ field, reason: reasonOf(its) }],
  )
}

function fieldOf(error: ErrorObject): string {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const params = error.params as Readonly<Record<string, unknown>>
  const inner = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  if (typeof inner === 'string') path.push(inner)
  return path
    .map((part, i) => (/^\d+$/.test(part) && i > 0 ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
}

const MAX_SHOWN = 80

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}

function reasonOf(errors: readonly ErrorObject[]): string {
  const [first] = errors
  if (!first) return 'is not allowed'
  const types = errors.filter((error) => error.keyword === 'type')
  const [other] = errors.filter((error) => error.keyword !== 'type')
  // "or null" adds nothing to what else is wrong.
  if (other && types.every((error) => error.params.type === 'null')) return reasonOfOne(other)
  if (types.length > 0) {
    const names = types.flatMap((error) => [error.params.type as string | string[]].flat())
    return `must be ${listed([...new Set(names)])}, not ${shown(first.data)}`
  }
  return reasonOfOne(first)
}

function reasonOfOne(first: ErrorObject): string {
  switch (first.keyword) {
    case 'required':
      return 'is required'
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not a name that is known here'
    case 'enum':
      return `must be one of ${(first.params.allowedValues as unknown[]).slice(0, 20).map(shown).join(', ')}, not ${shown(first.data)}`
    case 'const':
      return `must be ${shown(first.params.allowedValue)}, not ${shown(first.data)}`
    default:
      return `${first.message ?? 'is not allowed'}, not ${shown(first.data)}`
  }
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

const MAX_TOLD = 5

/** One sentence for all of them; `noun` is what the fields are called. */
export function sentenceOf(noun: string, errors: readonly FieldError[]): string {
  const told = errors
    .slice(0, MAX_TOLD)
    .map(({ field, reason }) => (field === '' ? `the ${noun}s ${reason}` : `${noun} ${field} ${reason}`))
  const rest = errors.length - told.length
  return `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`
}
