import { ParameterError } from './errors.js'
import type { SchemaIssue, StandardSchemaV1 } from './standard-schema.js'

/**
 * The names of a function's parameters as its source tells them; null for one that is taken apart on the spot
 * (`{ date }`). Only for showing and for `rigel run --param`: a bundler may have shortened them.
 */
export function parameterNames(source: string): readonly (string | null)[] {
  const lone = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source)
  if (lone?.[1]) return [lone[1]]
  const open = source.indexOf('(')
  return open < 0 ? [] : splitList(source, open + 1).map(nameOf)
}

const PAIRS: Readonly<Record<string, number>> = { '(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1 }

/** The parts between commas up to the bracket that closes the list. */
function splitList(source: string, from: number): string[] {
  const parts: string[] = []
  let depth = 0
  let start = from
  for (let i = from; i < source.length; i++) {
    const char = source[i] ?? ''
    const skipped = endOfIgnored(source, i)
    if (skipped > i) {
      i = skipped
      continue
    }
    depth += PAIRS[char] ?? 0
    if (depth < 0 || (depth === 0 && char === ',')) {
      parts.push(source.slice(start, i))
      start = i + 1
    }
    if (depth < 0) break
  }
  return parts.filter((part) => part.trim() !== '')
}

/** Where the string or comment that begins at `i` ends; `i` when none does. */
function endOfIgnored(source: string, i: number): number {
  const char = source[i] ?? ''
  if (char === '"' || char === "'" || char === '`') {
    let end = i + 1
    while (end < source.length && source[end] !== char) end += source[end] === '\\' ? 2 : 1
    return end
  }
  if (source.startsWith('/*', i)) return source.indexOf('*/', i) + 1
  if (source.startsWith('//', i)) return source.indexOf('\n', i)
  return i
}

function nameOf(part: string): string | null {
  const name = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/.*\n)*(?:\.\.\.)?\s*([A-Za-z_$][\w$]*)/.exec(part)
  return name?.[1] ?? null
}

/** The arguments of one call by name, as the run page shows them. */
export function nameArguments(
  names: readonly (string | null)[],
  args: readonly unknown[],
  isOneObject: boolean,
): Record<string, unknown> {
  const [first] = args
  if (args.length <= 1 && isPlainObject(first) && (isOneObject || names[0] === null)) return { ...first }
  return Object.fromEntries(args.map((value, i) => [names[i] ?? `argument${i + 1}`, value]))
}

/** The arguments for a call from parameters given by name (`rigel run --param`). Throws ParameterError for a name that is not there. */
export function arrangeParameters(
  runName: string,
  names: readonly (string | null)[],
  given: Readonly<Record<string, unknown>>,
  isOneObject: boolean,
): unknown[] {
  const keys = Object.keys(given)
  if (isOneObject || names[0] === null) return [given]
  if (keys.every((key) => names.includes(key))) {
    const known = names.map((name) => (name === null ? undefined : given[name]))
    while (known.length > 0 && known.at(-1) === undefined) known.pop()
    return known
  }
  if (names.length === 1) return [given]
  const unknown = keys.filter((key) => !names.includes(key))
  const has = names.length > 0 ? `it has ${names.join(', ')}` : 'it has none'
  throw new ParameterError(runName, [`there is no parameter ${unknown.join(', ')}; ${has}`])
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** What the schema makes of the value. Throws ParameterError. */
export async function validateParameters(
  runName: string,
  schema: StandardSchemaV1,
  value: unknown,
): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  throw new ParameterError(runName, result.issues.map(describeIssue))
}

function describeIssue({ message, path }: SchemaIssue): string {
  const where = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  return where ? `${where}: ${message}` : message
}
