import type { Condition, Fragment, Operators } from './operators.ts'

export interface TextQuery {
  /** At least one of these, */
  readonly any: readonly string[]
  /** and each of these, */
  readonly all: readonly string[]
  /** and none of these. */
  readonly none: readonly string[]
}

/**
 * Reads a search as people type it: words are alternatives, `+word` must be there, `-word` and `!word` must not, quotes hold a
 * phrase together, a backslash takes the meaning from what follows.
 */
export function parseTextQuery(query: string): TextQuery {
  const found = { any: [] as string[], all: [] as string[], none: [] as string[] }
  let i = 0
  while (i < query.length) {
    if (/\s/.test(query.charAt(i))) {
      i++
      continue
    }
    let into = found.any
    const sign = query.charAt(i)
    if (sign === '+' || sign === '-' || sign === '!') {
      into = sign === '+' ? found.all : found.none
      i++
    }
    let word = ''
    let quoted = false
    for (; i < query.length; i++) {
      const char = query.charAt(i)
      if (char === '\\' && i + 1 < query.length) word += query.charAt(++i)
      else if (char === '"') quoted = !quoted
      else if (!quoted && /\s/.test(char)) break
      else word += char
    }
    if (word !== '') into.push(word)
  }
  return found
}

/** `text` holds what the search asks for, in any case. */
export function matchesText(is: Operators, text: Fragment, query: string | null | undefined): Condition {
  if (!query) return null
  const { sql } = is
  const has = (word: string): Fragment => sql`${text} ilike ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`
  const { any, all, none } = parseTextQuery(query)
  return is.join([
    is.join(any.map(has), 'or_'),
    ...all.map(has),
    ...none.map((word) => sql`not ${has(word)}`),
  ])
}

/** The same of a text that is at hand. */
export function textMatches(text: string, query: string | null | undefined): boolean {
  if (!query) return true
  const { any, all, none } = parseTextQuery(query)
  const folded = text.toLowerCase()
  const has = (word: string): boolean => folded.includes(word.toLowerCase())
  return (any.length === 0 || any.some(has)) && all.every(has) && !none.some(has)
}
