import type { AuthOptions } from 'next-auth'
import * as nextAuthModule from 'next-auth'
import { log } from '../config/log.ts'
import { newSessionToken, sessionDays } from '../control/users/open-session.ts'
import { recordSignIn } from '../control/users/record-sign-in.ts'
import type { ProviderProfile } from '../control/users/sign-up.ts'
import { createAdapter } from './adapter.ts'
import type { AuthSettings } from './auth-settings.ts'
import { gitHubProvider } from './github.ts'
import { sessionCookieNames } from './proof.ts'
import { safePath } from './safe-path.ts'
import { signInLimit } from './sign-in-limit.ts'

const base = '/api/auth'

/** next-auth's own routes that are served; its session, log and provider endpoints are not needed and stay shut. */
const served: Readonly<Record<string, readonly string[]>> = {
  GET: ['/csrf', '/callback/github', '/signin', '/error'],
  POST: ['/signin/github', '/signout'],
}

interface NextAuthRequest {
  readonly method: string
  readonly query: Record<string, unknown>
  readonly body: Record<string, string> | undefined
  readonly cookies: Record<string, string>
  readonly headers: Record<string, string>
}
type NextAuthHandler = (
  request: NextAuthRequest,
  response: AuthResponse,
  options: AuthOptions,
) => Promise<unknown>

// Depending on who loads it, the CommonJS module is the function, or holds it once or twice removed.
const nextAuth = unwrap(nextAuthModule) as NextAuthHandler

function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? unwrap(value.default) : value
}

/** What next-auth writes its answer into. */
class AuthResponse {
  #status = 200
  readonly #headers = new Headers()
  #body: string | null = null

  status(code: number): this {
    this.#status = code
    return this
  }
  getHeader(name: string): string[] {
    return name.toLowerCase() === 'set-cookie' ? this.#headers.getSetCookie() : []
  }
  setHeader(name: string, value: string | readonly string[]): this {
    this.#headers.delete(name)
    for (const each of [value].flat()) this.#headers.append(name, String(each))
    return this
  }
  json(value: unknown): void {
    this.setHeader('content-type', 'application/json')
    this.#body = JSON.stringify(value)
  }
  send(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.json(value)
    else this.#body = value === undefined ? null : String(value)
  }
  end(): void {}
  toResponse(): Response {
    this.#headers.set('cache-control', 'no-store')
    return new Response(this.#body, { status: this.#status, headers: this.#headers })
  }
}

function optionsFor(settings: AuthSettings): AuthOptions {
  const { db, github, secret, origin, ipAddress, userAgent } = settings
  let came: ProviderProfile | null = null
  return {
    secret,
    providers: github
      ? [
          gitHubProvider(github, (profile) => {
            came = profile
          }),
        ]
      : [],
    adapter: createAdapter({ db, origin: { ipAddress, userAgent }, profile: () => came }),
    session: {
      strategy: 'database',
      maxAge: sessionDays * 86_400,
      generateSessionToken: newSessionToken,
    },
    useSecureCookies: origin.startsWith('https://'),
    pages: { signIn: '/sign-in', error: '/sign-in', signOut: '/sign-in' },
    events: {
      async signIn({ user }) {
        if (came) await recordSignIn(db, user.id, came)
      },
    },
    // The details hold codes and tokens; what went wrong is enough.
    logger: {
      error: (code, details) => log().warn({ code, reason: reasonOf(details) }, 'a sign-in failed'),
      warn: () => {},
      debug: () => {},
    },
  }
}

function reasonOf(details: unknown): string {
  // A mismatch is told with both values, which are secrets of that one sign-in.
  if (details instanceof Error) return details.message.replace(/, expected .*/s, '')
  const inner = typeof details === 'object' && details !== null ? Reflect.get(details, 'error') : undefined
  return inner instanceof Error ? reasonOf(inner) : 'unknown'
}

/** Serves `/api/auth/*`: next-auth behind plain web requests, so that it can be tested without a server around it. */
export async function handleAuth(request: Request, settings: AuthSettings): Promise<Response> {
  const url = new URL(request.url)
  const path = url.pathname.slice(base.length)
  if (!served[request.method]?.includes(path)) return Response.json({ detail: 'Not Found' }, { status: 404 })
  const query = Object.fromEntries(url.searchParams)
  const isCallback = path.startsWith('/callback/')
  if (isCallback || path.startsWith('/signin/')) {
    const waitSeconds = signInLimit(settings.ipAddress)
    if (waitSeconds > 0) return toSignIn('TooMany', { 'retry-after': String(waitSeconds) })
    if (!settings.github) return toSignIn('Configuration')
  }
  if (isCallback && query.error)
    return toSignIn(query.error === 'access_denied' ? 'AccessDenied' : 'OAuthCallback')

  const form = request.method === 'POST' ? await readForm(request) : undefined
  const cookies = cookiesOf(request.headers.get('cookie') ?? '')
  // Coming back as somebody means to be that one now: next-auth would else tie the identity to whom the browser was before.
  if (isCallback) for (const name of Object.values(sessionCookieNames)) delete cookies[name]
  trustOrigin()
  const origin = new URL(settings.origin)
  const response = new AuthResponse()
  await nextAuth(
    {
      method: request.method,
      query: { ...query, nextauth: path.slice(1).split('/') },
      body: form,
      cookies,
      headers: {
        ...Object.fromEntries(request.headers),
        'x-forwarded-host': origin.host,
        'x-forwarded-proto': origin.protocol.slice(0, -1),
      },
    },
    response,
    optionsFor(settings),
  )
  return response.toResponse()
}

/** Sends a browser to GitHub from the sign-in page's form, without a round trip for next-auth's form token. */
export async function startGitHubSignIn(settings: AuthSettings, callbackPath: string): Promise<Response> {
  const csrf = await handleAuth(new Request(`${settings.origin}${base}/csrf`), settings)
  const { csrfToken } = (await csrf.json()) as { readonly csrfToken: string }
  const csrfCookies = csrf.headers.getSetCookie()
  const started = await handleAuth(
    new Request(`${settings.origin}${base}/signin/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie: csrfCookies.map((cookie) => cookie.split(';', 1)[0]).join('; '),
      },
      body: new URLSearchParams({ csrfToken, callbackUrl: settings.origin + safePath(callbackPath) }),
    }),
    settings,
  )
  const headers = new Headers(started.headers)
  // The second answer knows better where to go on to.
  const said = new Set(started.headers.getSetCookie().map(nameOf))
  for (const cookie of csrfCookies) if (!said.has(nameOf(cookie))) headers.append('set-cookie', cookie)
  // 303: the form was posted, GitHub's page is read.
  return new Response(null, { status: started.headers.has('location') ? 303 : 502, headers })
}

const nameOf = (cookie: string): string => cookie.slice(0, cookie.indexOf('='))

function toSignIn(error: string, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { location: `/sign-in?error=${error}`, 'cache-control': 'no-store', ...headers },
  })
}

async function readForm(request: Request): Promise<Record<string, string>> {
  const text = (await request.text()).slice(0, 10_000)
  return Object.fromEntries(new URLSearchParams(text))
}

function cookiesOf(header: string): Record<string, string> {
  const pairs = header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 1) return []
    const value = pair.slice(equals + 1).trim()
    try {
      return [[pair.slice(0, equals).trim(), decodeURIComponent(value)] as const]
    } catch {
      return []
    }
  })
  return Object.fromEntries(pairs)
}

/** next-auth takes the origin from the forwarded headers, which are set above, only where its environment says so. */
function trustOrigin(): void {
  process.env.AUTH_TRUST_HOST = 'true'
  delete process.env.NEXTAUTH_URL
}
