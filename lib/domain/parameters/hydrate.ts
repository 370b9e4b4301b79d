import {
  isObject,
  type Lossless,
  type LosslessObject,
  parseLossless,
  writeLossless,
} from '../lossless-json.ts'
import type { RawJson } from '../state.ts'

const KIND = '__prefect_kind'

/** Why parameters cannot be filled in: where, and what to do. */
export class CannotHydrate extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message)
    this.name = 'CannotHydrate'
  }
}

export interface HydrationSources {
  /** Value of a variable of the workspace; undefined when there is none. */
  readonly variable: (name: string) => RawJson | undefined
  /** Renders a template. Throws, with a sentence, when it cannot. */
  readonly renderJinja: (template: string) => string
}

/** Almost no parameters hold placeholders: only then are they looked at closely. */
export const mayHoldPlaceholders = (parameters: RawJson): boolean => parameters.includes(KIND)

/** Names of the workspace's variables that the placeholders ask for. */
export function variablesNamedIn(parameters: RawJson): readonly string[] {
  const names = new Set<string>()
  const visit = (value: Lossless): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (isObject(value)) {
      const name = value.get('variable_name')
      if (value.get(KIND) === 'workspace_variable' && typeof name === 'string') names.add(name)
      for (const member of value.values()) visit(member)
    }
  }
  visit(parseLossless(parameters))
  return [...names]
}

/**
 * Replaces placeholders, objects with `__prefect_kind`, wherever they stand: `none` {value}, `json` {value: text},
 * `jinja` {template} and `workspace_variable` {variable_name}. Throws CannotHydrate.
 */
export function hydrate(parameters: RawJson, sources: HydrationSources): RawJson {
  if (!mayHoldPlaceholders(parameters)) return parameters
  // Safe: written from what was read.
  return writeLossless(fill(parseLossless(parameters), '', sources)) as RawJson
}

function fill(value: Lossless, at: string, sources: HydrationSources): Lossless {
  if (Array.isArray(value)) return value.map((item, i) => fill(item, `${at}[${i}]`, sources))
  if (!isObject(value)) return value
  const kind = value.get(KIND)
  if (typeof kind === 'string') return filled(kind, value, at, sources)
  return new Map([...value].map(([key, member]) => [key, fill(member, at ? `${at}.${key}` : key, sources)]))
}

function filled(kind: string, placeholder: LosslessObject, at: string, sources: HydrationSources): Lossless {
  const refuse = (message: string): never => {
    throw new CannotHydrate(at, message)
  }
  const text = (key: string): string => {
    const value = fill(placeholder.get(key) ?? null, at, sources)
    return typeof value === 'string'
      ? value
      : refuse(`Parameter ${at} is of kind ${kind} and so needs “${key}”, a text.`)
  }
  switch (kind) {
    case 'none':
      return fill(placeholder.get('value') ?? null, at, sources)
    case 'json': {
      const json = text('value')
      try {
        return parseLossless(json)
      } catch (error) {
        return refuse(`Parameter ${at} holds no JSON: ${error instanceof Error ? error.message : ''}.`)
      }
    }
    case 'jinja':
      try {
        return sources.renderJinja(text('template'))
      } catch (error) {
        if (error instanceof CannotHydrate) throw error
        return refuse(
          `The template of parameter ${at} cannot be rendered: ${error instanceof Error ? error.message : ''}`,
        )
      }
    case 'workspace_variable': {
      const name = text('variable_name')
      const variable = sources.variable(name)
      return variable === undefined
        ? refuse(`Variable '${name}' not found in workspace.`)
        : parseLossless(variable)
    }
    default:
      return refuse(
        `Parameter ${at} has the unknown kind “${kind.slice(0, 60)}”; known are none, json, jinja and workspace_variable.`,
      )
  }
}
