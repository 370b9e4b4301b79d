import type { Json } from '../protocol/frames.js'
import { cleanText } from './text.js'

const MAX_DEPTH = 32
const MAX_PARAMETER_BYTES = 1024 * 1024
const MAX_TEXT_CHARS = 500_000

/**
 * Any value as JSON for people to look at: dates as RFC 3339, bigints as digits, maps as objects, and words in
 * brackets for what JSON cannot hold. Never throws.
 */
export function toJson(value: unknown, depth = 0, above: readonly object[] = []): Json {
  switch (typeof value) {
    case 'string':
      return cleanText(value, MAX_TEXT_CHARS)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return value.toString()
    case 'undefined':
      return null
    case 'function':
      return `[function ${value.name || 'anonymous'}]`
    case 'symbol':
      return `[${String(value)}]`
    case 'object':
      if (value === null) return null
      if (above.includes(value)) return '[circular]'
      if (depth >= MAX_DEPTH) return '[too deep]'
      return objectToJson(value, depth + 1, [...above, value])
  }
}

function objectToJson(value: object, depth: number, above: readonly object[]): Json {
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof Map)
      return fromEntries(
        [...value].map(([k, v]) => [String(k), v]),
        depth,
        above,
      )
    if (value instanceof Set) return [...value].map((item) => toJson(item, depth, above))
    if (value instanceof Error) return `[${value.name}: ${value.message}]`
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (Array.isArray(value)) return value.map((item) => toJson(item, depth, above))
    if ('toJSON' in value && typeof value.toJSON === 'function') return toJson(value.toJSON(), depth, above)
    return fromEntries(Object.entries(value), depth, above)
  } catch {
    return '[unreadable]'
  }
}

function fromEntries(entries: [string, unknown][], depth: number, above: readonly object[]): Json {
  const out: { [key: string]: Json } = {}
  for (const [key, value] of entries) {
    if (value !== undefined)
      Object.defineProperty(out, cleanText(key, 1_000), {
        value: toJson(value, depth, above),
        enumerable: true,
      })
  }
  return out
}

/**
 * The parameters of a run as they are reported. A value too large to be looked at (all together more than
 * 1 MiB of JSON) is replaced by a word on its size: the data itself stays where the flow runs.
 */
export function parametersToJson(parameters: Readonly<Record<string, unknown>>): { [key: string]: Json } {
  const out: { [key: string]: Json } = {}
  let room = MAX_PARAMETER_BYTES
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    const json = toJson(value)
    const bytes = Buffer.byteLength(JSON.stringify(json))
    room -= bytes
    const shown = room >= 0 ? json : `[${bytes} bytes of JSON, not sent]`
    if (room < 0) room += bytes
    Object.defineProperty(out, cleanText(name, 1_000), { value: shown, enumerable: true })
  }
  return out
}
