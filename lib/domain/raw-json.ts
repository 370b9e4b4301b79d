import type { RawJson } from './state.ts'

/**
 * Cuts the exact text of a member out of a JSON text that is known to parse: `rawMember(body, 'state', 'data')`.
 * JSON.parse rounds integers beyond 2^53 and turns 1.0 into 1; what is stored for users must not.
 * undefined when there is no such member. Of duplicate keys the last counts, as in JSON.parse.
 */
export function rawMember(text: string, ...path: readonly string[]): RawJson | undefined {
  let from = 0
  let to = text.length
  for (const key of path) {
    const span = memberSpan(text, from, to, key)
    if (!span) return undefined
    ;[from, to] = span
  }
  // Safe: a cut of checked JSON text along its value's borders is JSON.
  return text.slice(from, to).trim() as RawJson
}

/** The exact texts of several members at the top, in the order of `names`; undefined for those that are not there. */
export function rawMembers(text: string, names: readonly string[]): (RawJson | undefined)[] {
  const found: (RawJson | undefined)[] = names.map(() => undefined)
  for (const [name, from, to] of memberSpans(text, 0, text.length)) {
    const at = names.indexOf(name)
    if (at >= 0) found[at] = text.slice(from, to) as RawJson
  }
  return found
}

/** The exact texts of a JSON array's items. */
export function rawItems(text: string): RawJson[] {
  const items: RawJson[] = []
  let i = skipSpace(text, 0)
  if (text[i] !== '[') return items
  i = skipSpace(text, i + 1)
  while (i < text.length && text[i] !== ']') {
    const end = valueEnd(text, i)
    items.push(text.slice(i, end) as RawJson)
    i = skipSpace(text, end)
    if (text[i] === ',') i = skipSpace(text, i + 1)
  }
  return items
}

/** Whether objects and arrays stand in each other more than `levels` deep in a JSON text that is known to parse. */
export function isNestedDeeper(text: string, levels: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = stringEnd(text, i) - 1
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > levels) return true
    } else if (c === 0x7d || c === 0x5d) depth--
  }
  return false
}

function memberSpan(text: string, from: number, to: number, key: string): [number, number] | undefined {
  let found: [number, number] | undefined
  for (const [name, start, end] of memberSpans(text, from, to)) if (name === key) found = [start, end]
  return found
}

/** Name and borders of every member of the object that opens at `from`. */
function* memberSpans(text: string, from: number, to: number): Generator<[string, number, number]> {
  let i = skipSpace(text, from)
  if (text.charCodeAt(i) !== 0x7b) return
  i = skipSpace(text, i + 1)
  while (i < to && text.charCodeAt(i) === 0x22) {
    const keyEnd = stringEnd(text, i)
    const raw = text.slice(i + 1, keyEnd - 1)
    const name = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
    i = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = valueEnd(text, i)
    yield [name, i, end]
    i = skipSpace(text, end)
    if (text.charCodeAt(i) === 0x2c) i = skipSpace(text, i + 1)
  }
}

function skipSpace(text: string, from: number): number {
  let i = from
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break
  }
  return i
}

/** Index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let i = from + 1
  for (;;) {
    const quote = text.indexOf('"', i)
    if (quote < 0) return text.length
    let slashes = 0
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return quote + 1
    i = quote + 1
  }
}

function valueEnd(text: string, from: number): number {
  const first = text.charCodeAt(from)
  if (first === 0x22) return stringEnd(text, from)
  if (first === 0x7b || first === 0x5b) {
    let depth = 0
    for (let i = from; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === 0x22) i = stringEnd(text, i) - 1
      else if (c === 0x7b || c === 0x5b) depth++
      else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1
    }
    return text.length
  }
  let i = from
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2c || c === 0x7d || c === 0x5d || c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) break
  }
  return i
}
