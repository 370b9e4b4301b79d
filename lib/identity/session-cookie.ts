import { sessionCookieNames } from './proof.ts'

/** The cookie that carries a session, or with an empty token and a past end the one that takes it away. */
export function sessionCookie(origin: string, token: string, expiresAt: Date): string {
  const secure = origin.startsWith('https://')
  const name = secure ? sessionCookieNames.secure : sessionCookieNames.plain
  return `${name}=${token}; Path=/; HttpOnly; SameSite=Lax; Expires=${expiresAt.toUTCString()}${secure ? '; Secure' : ''}`
}
