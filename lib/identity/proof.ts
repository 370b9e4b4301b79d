import { createHash } from 'node:crypto'
import { isWellFormedKey } from '../../agent/src/protocol/keys.ts'
import type { Credentials } from './identity.ts'

/** What a request brought to prove who sends it. Tokens are hashed at once and go no further. */
export type Proof =
  | { readonly type: 'key'; readonly hash: string }
  | { readonly type: 'session'; readonly hash: string }

/** Plain http, and https where browsers hold the prefix to its promise. */
export const sessionCookieNames = {
  plain: 'next-auth.session-token',
  secure: '__Secure-next-auth.session-token',
} as const

/** SHA-256 in hex: the name under which keys and session tokens are kept and remembered. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** null for text that cannot be a key: its checksum says so without asking the database. */
export function proveByKey(token: string): Proof | null {
  return isWellFormedKey(token) ? { type: 'key', hash: hashToken(token) } : null
}

/** An Authorization header, if there is one, decides alone; else the session cookie of a browser. */
export function proofOf({
  authorization,
  cookie,
}: Pick<Credentials, 'authorization' | 'cookie'>): Proof | null {
  if (authorization !== undefined) return proofOfHeader(authorization)
  if (cookie === undefined) return null
  const token =
    cookieValue(cookie, sessionCookieNames.secure) ?? cookieValue(cookie, sessionCookieNames.plain)
  return token ? { type: 'session', hash: hashToken(token) } : null
}

function proofOfHeader(header: string): Proof | null {
  const space = header.indexOf(' ')
  if (space < 0) return null
  const scheme = header.slice(0, space).toLowerCase()
  const value = header.slice(space + 1).trim()
  if (scheme === 'bearer') return proveByKey(value)
  // The Prefect client sends its auth string this way: the key alone, or after any user name.
  if (scheme !== 'basic' || value.length > 1_000) return null
  const text = Buffer.from(value, 'base64').toString('latin1')
  for (const part of [text.slice(text.indexOf(':') + 1), text.split(':', 1)[0] ?? '']) {
    const proof = proveByKey(part)
    if (proof) return proof
  }
  return null
}

export function cookieValue(header: string, name: string): string | null {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) {
      const value = pair.slice(equals + 1).trim()
      try {
        return decodeURIComponent(value)
      } catch {
        return value
      }
    }
  }
  return null
}
