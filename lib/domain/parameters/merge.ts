import { isObject, parseLossless, writeLossless } from '../lossless-json.ts'
import type { RawJson } from '../state.ts'

const EMPTY = '{}'

/** Members of later objects replace those of earlier ones. Texts of JSON objects, numbers as they are written. */
export function mergeJson(...objects: readonly RawJson[]): RawJson {
  const given = objects.filter((text) => text.trim() !== EMPTY)
  const [only, ...more] = given
  // Safe: a JSON text.
  if (only === undefined) return EMPTY as RawJson
  if (more.length === 0) return only
  const merged = new Map<string, ReturnType<typeof parseLossless>>()
  for (const text of given) {
    const value = parseLossless(text)
    if (isObject(value)) for (const [key, member] of value) merged.set(key, member)
  }
  return writeLossless(merged) as RawJson
}
