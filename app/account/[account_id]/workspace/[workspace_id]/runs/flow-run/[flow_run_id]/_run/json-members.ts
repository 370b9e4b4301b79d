/**
 * Cuts an object's members out of raw JSON text without parsing their values, so that a number of any size is shown as
 * it was sent: JSON.parse would round it.
 */
export interface JsonMember {
  readonly name: string
  readonly value: string
}

/** null: the text is not a JSON object. */
export function membersOf(json: string): readonly JsonMember[] | null {
  try {
    const parsed: unknown = JSON.parse(json)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null
  } catch {
    return null
  }
  const members: JsonMember[] = []
  let at = json.indexOf('{') + 1
  while (at < json.length) {
    at = skipSpace(json, at)
    if (json[at] === '}') break
    if (json[at] === ',') {
      at += 1
      continue
    }
    const nameEnd = endOfValue(json, at)
    const name = String(JSON.parse(json.slice(at, nameEnd)))
    at = skipSpace(json, skipSpace(json, nameEnd) + 1)
    const end = endOfValue(json, at)
    members.push({ name, value: json.slice(at, end).trim() })
    at = end
  }
  return members
}

function skipSpace(json: string, from: number): number {
  let at = from
  while (at < json.length && ' \t\n\r'.includes(json[at] ?? '')) at += 1
  return at
}

/** The index after the value that begins at `from`. */
function endOfValue(json: string, from: number): number {
  let depth = 0
  for (let at = from; at < json.length; at++) {
    const letter = json[at]
    if (letter === '"') {
      at = endOfString(json, at)
      if (depth === 0) return at + 1
    } else if (letter === '{' || letter === '[') depth += 1
    else if (letter === '}' || letter === ']') {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (letter === ',' && depth === 0) return at
  }
  return json.length
}

function endOfString(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at++) {
    if (json[at] === '\\') at += 1
    else if (json[at] === '"') return at
  }
  return json.length
}

/** Line breaks and two spaces a level, every token as it was. Short values stay on one line. */
export function prettyJson(json: string): string {
  if (json.length <= 60) return json
  let out = ''
  let depth = 0
  const line = () => `\n${'  '.repeat(depth)}`
  for (let at = 0; at < json.length; at++) {
    const letter = json[at] ?? ''
    if (letter === '"') {
      const end = endOfString(json, at)
      out += json.slice(at, end + 1)
      at = end
    } else if (letter === '{' || letter === '[') {
      const next = skipSpace(json, at + 1)
      if (json[next] === '}' || json[next] === ']') {
        out += letter + (json[next] ?? '')
        at = next
      } else {
        depth += 1
        out += letter + line()
      }
    } else if (letter === '}' || letter === ']') {
      depth -= 1
      out += line() + letter
    } else if (letter === ',') out += `,${line()}`
    else if (letter === ':') out += ': '
    else if (!' \t\n\r'.includes(letter)) out += letter
  }
  return out
}
