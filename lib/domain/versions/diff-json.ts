import { isObject, type Lossless, writeLossless } from '../lossless-json.ts'

export interface Difference {
  /** `['parameters', 'limits', 'low']`. */
  readonly path: readonly string[]
  /** undefined: it was not there. */
  readonly from: Lossless | undefined
  /** undefined: it is gone. */
  readonly to: Lossless | undefined
}

/** What differs between two values, as deep as objects go; lists are taken as wholes, since their items have no names. */
export function diffJson(
  from: Lossless | undefined,
  to: Lossless | undefined,
  path: readonly string[] = [],
): readonly Difference[] {
  if (from !== undefined && to !== undefined && isObject(from) && isObject(to)) {
    const keys = [...from.keys(), ...[...to.keys()].filter((key) => !from.has(key))]
    return keys.flatMap((key) => diffJson(from.get(key), to.get(key), [...path, key]))
  }
  return isEqual(from, to) ? [] : [{ path, from, to }]
}

/** Whatever the order of keys. */
function isEqual(a: Lossless | undefined, b: Lossless | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  if (isObject(a) && isObject(b))
    return a.size === b.size && [...a].every(([key, member]) => isEqual(member, b.get(key)))
  return writeLossless(a) === writeLossless(b)
}
