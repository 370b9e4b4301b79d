const NUL_OR_SURROGATE = /\\u(0000|[dD][89abAB]|[dD][c-fC-F])/

/** Whether a JSON text, already known to parse, holds a NUL character or half a surrogate pair, which Postgres cannot store. */
export function holdsUnstorableText(text: string): boolean {
  // Almost no body has \u escapes, and those of these kinds are rarer still; only then look closely.
  if (!text.includes('\\u')) return !text.isWellFormed()
  return (
    (NUL_OR_SURROGATE.test(text) && /\0/.test(unescaped(text))) || !text.isWellFormed() || hasLoneEscape(text)
  )
}

const unescaped = (text: string): string =>
  text.replace(/\\(?:u0000|[\s\S])/g, (m) => (m === '\\u0000' ? '\0' : ''))

function hasLoneEscape(text: string): boolean {
  if (!NUL_OR_SURROGATE.test(text)) return false
  const rest = text.replace(/\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|[^u])/g, '')
  return /\\u[dD][89abAB]|\\u[dD][c-fC-F]/.test(rest)
}

/** The same JSON text with NUL characters and half surrogate pairs replaced by U+FFFD. */
export function withStorableText(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u0000|u[dD][89abAB][0-9a-fA-F]{2}|u[dD][c-fC-F][0-9a-fA-F]{2}|[\s\S])/g,
      (m) => (m === '\\u0000' || (m.length === 6 && /^\\u[dD][89a-fA-F]/.test(m)) ? '\\ufffd' : m),
    )
}

export { rawItems, rawMember } from '../domain/raw-json.ts'
