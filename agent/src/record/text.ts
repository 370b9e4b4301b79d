import { inspect } from 'node:util'

/** Longest log line and state message the server takes, in characters. */
export const MAX_LOG_CHARS = 25_000
export const MAX_MESSAGE_CHARS = 100_000

const TRIMMED = ' … (shortened)'

/**
 * Text as the server can store it: no NUL, no lone surrogates (Postgres has no room for either), at most
 * `maxChars` characters, and a word at the end when something was cut.
 */
export function cleanText(text: string, maxChars: number): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text
  const cut = whole.length > maxChars ? whole.slice(0, maxChars - TRIMMED.length) + TRIMMED : whole
  return isWellFormed(cut) ? cut : Buffer.from(cut, 'utf8').toString('utf8')
}

const LONE = /[\ud800-\udfff]/
function isWellFormed(text: string): boolean {
  // The cheap test first: nearly no text has a surrogate at all.
  return !LONE.test(text) || Buffer.from(text, 'utf8').toString('utf8') === text
}

/** An error in one line for people: its name and message, or what else was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message ? `${error.name}: ${error.message}` : error.name
  return `${typeof error === 'string' ? error : safeString(error)} was thrown`
}

/** In one line, and no more of it than helps to recognise it. */
const BRIEFLY = { breakLength: Number.POSITIVE_INFINITY, depth: 2, maxArrayLength: 20, maxStringLength: 500 }

function safeString(value: unknown): string {
  try {
    return typeof value === 'object' ? inspect(value, BRIEFLY) : String(value)
  } catch {
    return 'something that cannot be shown'
  }
}

/** 8 hex digits that change when the text does (FNV-1a). Not for security. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** `Train Model` → `train-model`; never empty. */
export function slug(text: string): string {
  const made = text
    .normalize('NFKD')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return made || 'unnamed'
}
