import {
  type CompiledSchema,
  compileSchema,
  endless,
  type FieldError,
  sentenceOf,
} from '../../domain/parameters/compile-schema.ts'
import { BadSchema } from '../../domain/parameters/prepare-schema.ts'
import { BadInput, Conflict } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { requireStorable } from '../storable-json.ts'
import { OutOfTime, withinTime } from './within-time.ts'

const MAX_SCHEMA_CHARACTERS = 1_000_000
const COMPILING_MS = 1_000
const CHECKING_MS = 250
/** Compiled schemas that are kept, and characters of schema text that they may stand for. */
const MAX_KEPT = 1_000
const MAX_KEPT_CHARACTERS = 16_000_000

/** Schemas without these words are checked in a time that grows with the values alone. */
const mayTakeLong = /"(\$ref|pattern|patternProperties|uniqueItems)"/

const kept = new Map<string, CompiledSchema>()
let keptCharacters = 0

/** Least recently used first. */
function compiled(schema: RawJson, ignoreRequired: boolean): CompiledSchema {
  const key = `${ignoreRequired ? '?' : '!'}${schema}`
  const known = kept.get(key)
  if (known) {
    kept.delete(key)
    kept.set(key, known)
    return known
  }
  requireStorable(schema, 'A parameter schema')
  if (schema.length > MAX_SCHEMA_CHARACTERS)
    throw new BadInput(
      `A schema may have ${MAX_SCHEMA_CHARACTERS} characters at most; this one has ${schema.length}.`,
    )
  const made = withinTime(COMPILING_MS, () =>
    compileSchema(JSON.parse(schema) as unknown, { ignoreRequired }),
  )
  kept.set(key, made)
  keptCharacters += key.length
  for (const [oldest] of kept) {
    if (kept.size <= MAX_KEPT && keptCharacters <= MAX_KEPT_CHARACTERS) break
    kept.delete(oldest)
    keptCharacters -= oldest.length
  }
  return made
}

/** Throws BadInput unless values can be held against this schema. `noun` is what it is called to its author. */
export function requireUsableSchema(schema: RawJson, noun = 'parameter_openapi_schema'): void {
  try {
    const { loop, check } = compiled(schema, true)
    if (loop !== null) throw endless(loop)
    // Some go astray only when something is held against them.
    withinTime(CHECKING_MS, () => check({}))
  } catch (error) {
    throw error instanceof BadSchema || error instanceof OutOfTime
      ? new BadInput(`The ${noun} cannot be used. ${sentence(error)}`)
      : error
  }
}

const sentence = (error: Error): string =>
  error instanceof OutOfTime ? 'Reading it takes too long: make it simpler.' : error.message

export interface Check {
  /** What was being done, as its answer begins: `Error creating flow run`. */
  readonly doing: string
  readonly noun: 'parameter' | 'job variable' | 'input'
  readonly schema: RawJson
  /** Text of a JSON object. */
  readonly values: RawJson
  /** Whether what is missing may come later. */
  readonly ignoreRequired?: boolean
}

/** What is wrong with each field. Throws BadSchema and OutOfTime. */
function errorsOf(schema: RawJson, values: RawJson, ignoreRequired: boolean): readonly FieldError[] {
  const { check } = compiled(schema, ignoreRequired)
  const given = JSON.parse(values) as unknown
  return mayTakeLong.test(schema) ? withinTime(CHECKING_MS, () => check(given)) : check(given)
}

/** What is wrong with values that somebody is still typing in. Throws BadInput where the schema cannot be used. */
export function findErrors(schema: RawJson, values: RawJson): readonly FieldError[] {
  requireUsableSchema(schema, 'schema')
  try {
    return errorsOf(schema, values, false)
  } catch (error) {
    throw error instanceof BadSchema || error instanceof OutOfTime
      ? new BadInput(`The schema cannot be used. ${sentence(error)}`)
      : error
  }
}

/** Throws Conflict, which names each field and what is wrong with it. */
export function requireValid({ doing, noun, schema, values, ignoreRequired = false }: Check): void {
  try {
    const errors = errorsOf(schema, values, ignoreRequired)
    if (errors.length > 0) throw new Conflict(`${doing}: ${sentenceOf(noun, errors)}`)
  } catch (error) {
    if (error instanceof BadSchema)
      throw new Conflict(`${doing}: the schema of the ${noun}s cannot be used. ${error.message}`)
    if (error instanceof OutOfTime)
      throw new Conflict(
        `${doing}: holding the ${noun}s against their schema takes too long. Simplify its patterns.`,
      )
    throw error
  }
}
