import { newSessionToken, openSession, sessionEnd } from '../control/users/open-session.ts'
import { redeemSignInLink } from '../control/users/sign-in-link.ts'
import type { AuthSettings } from './auth-settings.ts'
import { sessionCookie } from './session-cookie.ts'
import { signInLimit } from './sign-in-limit.ts'

/** Answers a visit to the one-time link. */
export async function signInByLink(request: Request, settings: AuthSettings): Promise<Response> {
  const go = (to: string, headers: Record<string, string> = {}): Response =>
    new Response(null, {
      status: 303,
      // The address holds the token: it must not travel on as a referrer, nor stay in a cache.
      headers: { location: to, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', ...headers },
    })
  // A browser that fetches ahead would use the link up before its user has pressed it.
  if (/prefetch|preview/i.test(request.headers.get('sec-purpose') ?? request.headers.get('purpose') ?? '')) {
    return new Response(null, { status: 503, headers: { 'cache-control': 'no-store' } })
  }
  if (!settings.allowsLocalLink) return go('/sign-in?error=NoLocalLink')
  if (signInLimit(settings.ipAddress) > 0) return go('/sign-in?error=TooMany')
  const token = new URL(request.url).searchParams.get('token') ?? ''
  const userId = token.length > 200 ? null : await redeemSignInLink(settings.db, token)
  if (!userId) return go('/sign-in?error=LinkUsed')
  const sessionToken = newSessionToken()
  const expiresAt = sessionEnd()
  const { ipAddress, userAgent } = settings
  await openSession(settings.db, { userId, token: sessionToken, expiresAt, ipAddress, userAgent })
  return go('/', { 'set-cookie': sessionCookie(settings.origin, sessionToken, expiresAt) })
}
